"""Objects in a bucket that speaks S3, by way of obstore; installed with `tongban[s3]`."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tongban.errors import SetupError
from tongban.storage.objects import CHUNK, NoObject, Staged, StoreFailed, require_key, staging, swept

PART = 5 * 1024 * 1024
"""Bytes sent at once: the least that S3 takes as a part."""


def bucket_store(url: str, incoming: Path) -> "BucketStore":
    """The store at `s3://bucket/prefix`; region, endpoint and credentials are those of `AWS_…`. Asks nobody yet."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT", ""))
    try:
        store = S3Store.from_url(
            url,
            client_options={"allow_http": endpoint.startswith("http://")},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        )
    except (BaseError, ValueError) as error:
        raise SetupError(f"TONGBAN_OBJECT_STORE can't be used: {str(error).partition(chr(10))[0]}") from None
    return BucketStore(store, incoming)


class BucketStore:
    """Objects of a bucket. Files are staged in a local folder, so that what is refused never reaches the bucket."""

    def __init__(self, store: S3Store, incoming: Path) -> None:
        self.store = store
        self.incoming = incoming

    def staged(self) -> AbstractAsyncContextManager[Staged]:
        return staging(self.incoming)

    async def keep(self, staged: Staged, key: str) -> None:
        require_key(key)
        await staged.finish()
        with _failing():
            # One part at a time, so that a file never is in memory as a whole. Nobody sees it before the last one.
            await obstore.put_async(self.store, key, staged.path, chunk_size=PART, max_concurrency=1)
        if (there := await self.size(key)) != staged.size:
            raise StoreFailed(f"the bucket has {there} bytes, not {staged.size}")

    async def read(self, key: str) -> AsyncIterator[bytes]:
        require_key(key)
        with _failing():
            try:
                found = await obstore.get_async(self.store, key)
            except FileNotFoundError:
                raise NoObject(key) from None
        chunks = aiter(found.stream(min_chunk_size=CHUNK))
        while True:
            with _failing():
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield bytes(chunk)

    async def size(self, key: str) -> int | None:
        require_key(key)
        with _failing():
            try:
                return (await obstore.head_async(self.store, key))["size"]
            except FileNotFoundError:
                return None

    async def delete(self, key: str) -> None:
        require_key(key)
        with _failing():
            try:
                await obstore.delete_async(self.store, key)
            except FileNotFoundError:
                return

    async def sweep(self) -> int:
        return await swept(self.incoming)


@contextmanager
def _failing() -> Iterator[None]:
    """Turns what the bucket or the way to it says into StoreFailed."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreFailed(type(error).__name__) from error
