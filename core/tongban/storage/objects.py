"""Where files lie: a folder by default, a bucket that speaks S3 where one is named.

A file comes in as a staged one, which only its writer knows; `keep` makes it an object, whole and for good. So nobody
ever sees half of a file, or one that was not looked at.
"""

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from tongban.errors import SetupError
from tongban.settings import Settings

CHUNK = 256 * 1024
"""Bytes read at once."""
KEY = re.compile(r"[0-9a-z][0-9a-z-]{2,99}")
"""What a key may be. It has no dot and no slash, so that none leads out of the folder."""
FORGOTTEN_AFTER = 24 * 3600
"""Seconds after which a staged file is nobody's: whoever wrote it was killed."""


class NoObject(Exception):
    """There is no object under the key."""


class StoreFailed(Exception):
    """The store did not do what it was asked; whether there is an object now is not known. It may work later."""


@dataclass(slots=True)
class Staged:
    """A file on its way in, on a local disk, for its owner alone. It is no object until it is kept."""

    path: Path
    file: BinaryIO
    size: int = field(default=0, init=False)

    async def write(self, chunk: bytes) -> None:
        """Adds the chunk."""
        with failing():
            await asyncio.to_thread(self.file.write, chunk)
        self.size += len(chunk)

    async def finish(self) -> None:
        """Brings all of it to the disk, once; nothing can be added then."""
        if not self.file.closed:
            with failing():
                await asyncio.to_thread(_brought_to_disk, self.file)


class ObjectStore(Protocol):
    """Objects by key. Each method raises ValueError for what can be no key, and StoreFailed where the store fails."""

    def staged(self) -> AbstractAsyncContextManager[Staged]:
        """A new file on its way in. At the end of the block it is gone, unless it was kept."""
        ...

    async def keep(self, staged: Staged, key: str) -> None:
        """Makes the staged file the object under `key`, at once and whole. When this returns it survives a crash."""
        ...

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The object, in pieces. Raises NoObject."""
        ...

    async def size(self, key: str) -> int | None:
        """How many bytes the object has; None where there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Removes the object. That there is none is no fault."""
        ...

    async def sweep(self) -> int:
        """Removes the staged files that killed writers left; says how many."""
        ...


async def write(store: ObjectStore, key: str, chunks: AsyncIterable[bytes]) -> int:
    """Streams the chunks into the object under `key`; gives its size. Chunks that break off leave no object."""
    async with store.staged() as staged:
        async for chunk in chunks:
            await staged.write(chunk)
        await store.keep(staged, key)
        return staged.size


def store_from(settings: Settings) -> ObjectStore:
    """The store that the settings name. Raises SetupError where it can't be used."""
    folder = settings.data_dir / "objects"
    if settings.object_store is None:
        return FolderStore(folder)
    if not re.fullmatch(r"s3://[^/]+(/.*)?", settings.object_store):
        raise SetupError("TONGBAN_OBJECT_STORE is no place for documents: write s3://bucket or s3://bucket/prefix.")
    try:
        from tongban.storage.bucket import bucket_store
    except ImportError:
        raise SetupError("TONGBAN_OBJECT_STORE needs a library: install tongban[s3].") from None
    return bucket_store(settings.object_store, folder / INCOMING)


INCOMING = "incoming"
"""The folder of staged files. It is no object's: those lie in folders of two characters."""


class FolderStore:
    """Objects as files of a folder, spread over sub-folders by the last two characters of their keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def staged(self) -> AbstractAsyncContextManager[Staged]:
        return staging(self.folder / INCOMING)  # of the same file system: `keep` only renames

    async def keep(self, staged: Staged, key: str) -> None:
        place = self._place(key)
        await staged.finish()
        with failing():
            await asyncio.to_thread(_moved, staged.path, place)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        place = self._place(key)
        with failing():
            file = await asyncio.to_thread(_opened, place)
        if file is None:
            raise NoObject(key)
        with file:
            while True:
                with failing():
                    chunk = await asyncio.to_thread(file.read, CHUNK)
                if not chunk:
                    return
                yield chunk

    async def size(self, key: str) -> int | None:
        place = self._place(key)
        with failing():
            return await asyncio.to_thread(_size, place)

    async def delete(self, key: str) -> None:
        place = self._place(key)
        with failing():
            await asyncio.to_thread(place.unlink, missing_ok=True)

    async def sweep(self) -> int:
        return await swept(self.folder / INCOMING)

    def _place(self, key: str) -> Path:
        require_key(key)
        return self.folder / key[-2:] / key


def require_key(key: str) -> None:
    """Raises ValueError for what can be no key."""
    if not KEY.fullmatch(key):
        raise ValueError(f"no key of an object: {key[:100]!r}")


@asynccontextmanager
async def staging(folder: Path) -> AsyncIterator[Staged]:
    """A new file in the folder, under a name that nobody can guess; removed at the end of the block."""
    path = folder / secrets.token_hex(16)
    with failing():
        file = await asyncio.to_thread(_created, path)
    try:
        yield Staged(path, file)
    finally:
        with suppress(OSError):  # of a full disk, which was told before
            file.close()
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def swept(folder: Path) -> int:
    """Removes the staged files of the folder that are nobody's; says how many."""
    with failing():
        return await asyncio.to_thread(_remove_old, folder, time.time() - FORGOTTEN_AFTER)


@contextmanager
def failing() -> Iterator[None]:
    """Turns what the disk says, full or broken, into StoreFailed."""
    try:
        yield
    except OSError as error:
        raise StoreFailed(os.strerror(error.errno) if error.errno else type(error).__name__) from error


def _created(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _brought_to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _moved(file: Path, place: Path) -> None:
    """Renames, and brings the new name to the disk too: a file is found again by its folder, and that by its own."""
    place.parent.mkdir(exist_ok=True)
    file.replace(place)
    for folder in (place.parent, place.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _opened(place: Path) -> BinaryIO | None:
    try:
        return place.open("rb", buffering=0)
    except FileNotFoundError:
        return None


def _size(place: Path) -> int | None:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return None


def _remove_old(folder: Path, before: float) -> int:
    removed = 0
    for path in folder.glob("*"):
        try:
            if path.stat().st_mtime < before:
                path.unlink()
                removed += 1
        except FileNotFoundError:  # another process sweeps too
            continue
    return removed
