"""The audit of custody finds every kind of tampering, and names the case. It is quiet where nothing is wrong."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from cases.lossy import place_of
from cases.play import C, Look, Play
from cases.stories import walked
from programs import tongban
from support import new_database
from tongban.cases.audit import Audited, Fault, audit
from tongban.cases.manifest import digest_of
from tongban.cases.models import Case, Document, Transfer
from tongban.registry import Registry
from tongban.storage.database import connected
from tongban.storage.objects import FolderStore


async def faults(play: Play, *, deep: bool = False) -> list[Fault]:
    async with play.sessions() as session:
        return [fault async for fault in audit(session, play.store, Audited(), deep=deep)]


async def test_nothing_is_said_where_nothing_is_wrong(plays: list[Play]) -> None:
    seen, progress = Audited(), list[int]()
    async with plays[0].sessions() as session:
        found = audit(session, plays[0].store, seen, deep=True, progress=progress.append)
        assert [fault async for fault in found] == []
    looks = [await play.look() for play in plays]
    assert seen.cases == sum(progress) == len(plays)
    assert seen.documents == sum(len(look.documents) for look in looks) > 10
    assert seen.transfers == sum(len(look.transfers) for look in looks) == 9


Tamper = Callable[[Play, Look, Any], Awaitable[None]]
WALKED = 4
"""The case that has been everywhere."""


def _set(table: Any, **values: Any) -> Tamper:
    """Changes the first row of the case."""

    async def tamper(play: Play, now: Look, session: Any) -> None:
        rows = {Document: now.documents, Transfer: now.transfers, Case: [now.case]}[table]
        given = {name: play.id_of(value) if name.endswith("_id") else value for name, value in values.items()}
        row: Any = rows[0]
        await session.execute(update(table).where(table.id == row.id).values(given))

    return tamper


async def _forge(play: Play, now: Look, session: Any) -> None:
    """Leaves a document out of a manifest, and computes its digest anew: it is at B without having been sent."""
    [first, *_] = now.transfers
    manifest = first.manifest | {"documents": first.manifest["documents"][1:]}
    await session.execute(
        update(Transfer).where(Transfer.id == first.id).values(manifest=manifest, manifest_digest=digest_of(manifest))
    )


async def _exchange(play: Play, now: Look, session: Any) -> None:
    await session.execute(update(Document).where(Document.id == now.documents[0].id).values(digest="0" * 64))


def _drop(which: Callable[[Look], Any]) -> Tamper:
    async def tamper(play: Play, now: Look, session: Any) -> None:
        row = which(now)
        await session.execute(delete(type(row)).where(type(row).id == row.id))

    return tamper


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (_set(Document, custodian_id=C), "is not where its transfers brought it"),
        (_set(Case, custodian_id=C), "the application is not where its transfers brought it"),
        (_set(Case, underway=True), "says wrongly whether something is on its way"),
        (_set(Case, last_event=3), "events, numbered up to"),
        (_set(Transfer, to_center_id=C), "went elsewhere than computed"),
        (_set(Transfer, manifest={"documents": []}), "its manifest is not what it was"),
        (_set(Transfer, delivered_at=None, acknowledged_at=None), "is not where its transfers brought it"),
        (_forge, "is not where its transfers brought it"),
        (_exchange, "is missing, or is another one"),
        (_drop(lambda now: now.documents[-1]), "was handed in, and is not there"),
        (_drop(lambda now: now.documents[0]), "was handed in, and is not there"),
        (_drop(lambda now: now.transfers[-1]), "is not where its transfers brought it"),
        (_drop(lambda now: now.events[0]), "events, numbered up to"),
        (_drop(lambda now: now.events[-1]), "events, numbered up to"),
    ],
)
async def test_tampering_is_found_and_named(plays: list[Play], tamper: Tamper, said: str) -> None:
    play = plays[WALKED]
    now = await play.look()
    async with play.sessions() as session, session.begin():
        await tamper(play, now, session)
    found = await faults(play)
    assert {fault.case for fault in found} == {now.case.number}
    assert any(said in fault.what for fault in found), found


async def test_a_result_that_never_traveled_is_watched_too(plays: list[Play]) -> None:
    play = plays[0]
    now = await play.look()
    for document in now.documents:
        async with play.sessions() as session, session.begin():
            where = update(Document).where(Document.id == document.id)
            await session.execute(where.values(custodian_id=play.id_of(C)))
        assert [fault.what for fault in await faults(play)] == [
            f"document {document.id}: is not where its transfers brought it"
        ]
        async with play.sessions() as session, session.begin():
            await session.execute(where.values(custodian_id=document.custodian_id))
    assert await faults(play) == []


@pytest.mark.parametrize(
    ("change", "said", "deep"),
    [
        (lambda place: place.unlink(), "its file is gone", False),
        (lambda place: place.write_bytes(place.read_bytes()[:-1]), "its file has", False),
        (lambda place: place.write_bytes(b"!" + place.read_bytes()[1:]), "its file is not what was handed in", True),
    ],
)
async def test_a_file_that_is_not_what_it_was_is_found(
    plays: list[Play], change: Callable[[Path], object], said: str, deep: bool
) -> None:
    now = await plays[WALKED].look()
    store = plays[WALKED].store
    assert isinstance(store, FolderStore)
    place = place_of(store, now.documents[0].object_key)
    whole = place.read_bytes()
    change(place)
    try:
        [fault] = await faults(plays[WALKED], deep=deep)
        shown = deep and await faults(plays[WALKED])
    finally:
        place.write_bytes(whole)
    assert fault.case == now.case.number
    assert said in fault.what
    assert not shown, "sizes alone don't show it"


# The command


@pytest.mark.long
async def test_the_command_proves_it_or_names_every_fault(
    server_url: str, loaded_url: str, tmp_path: Path, registry: Registry
) -> None:
    store = FolderStore(tmp_path / "objects")
    async with new_database(server_url, loaded_url) as url:
        settings = {"TONGBAN_DATABASE_URL": url, "TONGBAN_DATA_DIR": str(tmp_path)}
        assert said(settings) == (0, "0 cases, 0 documents, 0 transfers: every document is in exactly one place\n", [])
        async with connected(url, 2) as sessions:
            plays = await walked(sessions, store, registry)
            looks = [await play.look() for play in plays]
            counted = f"6 cases, {sum(len(look.documents) for look in looks)} documents, 9 transfers"
            for options in ((), ("--deep",)):
                assert said(settings, *options) == (0, f"{counted}: every document is in exactly one place\n", [])
            place = place_of(store, looks[1].documents[0].object_key)
            place.write_bytes(b"!" + place.read_bytes()[1:])
            async with sessions() as session, session.begin():
                here = Document.id == looks[0].documents[0].id
                await session.execute(update(Document).where(here).values(custodian_id=plays[0].id_of(C)))
        moved = f"{looks[0].case.number}: document {looks[0].documents[0].id}: is not where its transfers brought it"
        flipped = f"{looks[1].case.number}: document {looks[1].documents[0].id}: its file is not what was handed in"
        assert said(settings) == (1, f"{counted}: 1 faults\n", [moved])
        code, out, faults = said(settings, "--deep")
        assert (code, out, set(faults)) == (1, f"{counted}: 2 faults\n", {moved, flipped})


def said(settings: dict[str, Any], *options: str) -> tuple[int, str, list[str]]:
    """How it ended, what it printed, and the faults that it named."""
    done = tongban("audit", "custody", *options, **settings)
    first, *faults = done.err.splitlines()
    assert first.startswith("database: ")
    return done.code, done.out, faults
