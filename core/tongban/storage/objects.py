"""Where files lie: a folder by default, a bucket that speaks S3 where one is named. Nobody sees a file half-written.

A file comes in by way of a staged one, which only its writer knows; `keep` makes it an object, whole and for good.
"""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from obstore.store import S3Store

CHUNK = 256 * 1024
"""Bytes read at once."""
PART = 5 * 1024 * 1024
"""Bytes sent to a bucket at once: the least that S3 takes as a part."""
KEY = re.compile(r"[0-9a-z][0-9a-z-]{2,99}")
"""What a key may be. No dot and no slash: no key leads out of the folder."""
FORGOTTEN_AFTER = 24 * 3600
"""Seconds after which a staged file is nobody's: its writer was killed."""


class NoObject(Exception):
    """There is no object under that key."""


class StoreFailed(Exception):
    """The store did not do what it was asked; whether an object was written is not known. It may work later."""


@dataclass(slots=True)
class Staged:
    """A file on its way in, on the local disk for its owner alone. It is no object until it is kept."""

    path: Path
    size: int = 0
    _file: BinaryIO | None = field(default=None, repr=False)

    async def write(self, chunk: bytes) -> None:
        """Adds to it."""
        assert self._file is not None  # noqa: S101
        await asyncio.to_thread(self._file.write, chunk)
        self.size += len(chunk)

    async def finish(self) -> None:
        """Brings all of it to the disk. Nothing may be added then."""
        if self._file is not None:
            file, self._file = self._file, None
            await asyncio.to_thread(_synced, file)


class ObjectStore(Protocol):
    """Objects by key. All methods raise ValueError for a key that can be none, StoreFailed where the store fails."""

    def staged(self) -> "Staging":
        """A new file on its way in, removed at the end of the block. One that was kept stays under its key."""
        ...

    async def keep(self, staged: Staged, key: str) -> None:
        """Makes the staged file the object under `key`. It survives a power failure when this returns."""
        ...

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The object in pieces. Raises NoObject."""
        ...

    async def size(self, key: str) -> int | None:
        """How long the object is; None where there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Removes the object; it is no fault where there is none."""
        ...

    async def sweep(self) -> int:
        """Removes what killed writers left behind, and says how much."""
        ...


async def write(store: ObjectStore, key: str, chunks: AsyncIterable[bytes]) -> int:
    """Streams the chunks into the object under `key`; gives its size. Where the chunks break off there is none."""
    async with store.staged() as staged:
        async for chunk in chunks:
            await staged.write(chunk)
        await store.keep(staged, key)
        return staged.size


class Staging(Protocol):
    """What `staged()` gives: `async with store.staged() as staged`."""

    async def __aenter__(self) -> Staged: ...

    async def __aexit__(self, *_: object) -> bool | None: ...


class FolderStore:
    """Objects as files of a folder, which must be one file system: `objects/<last two of the key>/<key>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"

    def staged(self) -> Staging:
        return _staged(self.incoming)

    async def keep(self, staged: Staged, key: str) -> None:
        place = self._place(key)
        await staged.finish()
        await asyncio.to_thread(_moved, staged.path, place)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._place(key).open, "rb")
        except FileNotFoundError:
            raise NoObject(key) from None
        try:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk
        finally:
            file.close()

    async def size(self, key: str) -> int | None:
        try:
            return (await asyncio.to_thread(self._place(key).stat)).st_size
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._place(key).unlink, missing_ok=True)

    async def sweep(self) -> int:
        return await asyncio.to_thread(_swept, self.incoming)

    def _place(self, key: str) -> Path:
        _require_key(key)
        return self.folder / key[-2:] / key


class BucketStore:
    """Objects in a bucket that speaks S3. Files are staged in a local folder: nothing unproved reaches the bucket."""

    def __init__(self, store: "S3Store", incoming: Path) -> None:
        self.store = store
        self.incoming = incoming

    def staged(self) -> Staging:
        return _staged(self.incoming)

    async def keep(self, staged: Staged, key: str) -> None:
        import obstore

        _require_key(key)
        await staged.finish()
        with _failing():
            # In parts, one at a time, so that no more than two of them are in memory. Atomic: all of it is seen at once.
            await obstore.put_async(self.store, key, staged.path, chunk_size=PART, max_concurrency=1)
            there = (await obstore.head_async(self.store, key))["size"]
        if there != staged.size:
            raise StoreFailed(f"the bucket has {there} bytes of {staged.size}")

    async def read(self, key: str) -> AsyncIterator[bytes]:
        import obstore

        _require_key(key)
        with _failing():
            try:
                found = await obstore.get_async(self.store, key)
            except FileNotFoundError:
                raise NoObject(key) from None
            async for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    async def size(self, key: str) -> int | None:
        import obstore

        _require_key(key)
        with _failing():
            try:
                return (await obstore.head_async(self.store, key))["size"]
            except FileNotFoundError:
                return None

    async def delete(self, key: str) -> None:
        import obstore

        _require_key(key)
        with _failing():
            try:
                await obstore.delete_async(self.store, key)
            except FileNotFoundError:
                return

    async def sweep(self) -> int:
        return await asyncio.to_thread(_swept, self.incoming)
