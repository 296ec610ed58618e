"""What may be handed in, and what is forgotten."""

from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import String, cast, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import aliased

from documents_support import a_pdf, announced, uploaded
from support import NOW, Api, statements
from tongban.centers.models import Center
from tongban.documents import service
from tongban.documents.files import Files
from tongban.documents.links import Secret
from tongban.documents.models import Upload
from tongban.documents.service import GRACE, KEPT, TOKEN_LASTS, Announcement
from tongban.graphql.stored import read_global_id
from tongban.identity.actor import DEVELOPER, Actor
from tongban.storage.objects import FolderStore

HELD = aliased(Upload)
"""Stands for the documents of cases."""
NOBODY = select(cast(HELD.id, String)).where(false())
EVERYBODY = select(cast(HELD.id, String)).where(true())
STRANGER = Actor(subject="stranger", name="S", roles=frozenset())


def key(upload: str) -> UUID:
    return read_global_id(upload)[1][-1]


@pytest_asyncio.fixture
async def center(session: AsyncSession) -> Center:
    return (await session.scalars(select(Center).where(Center.code == "SH0114-01"))).one()


async def count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Upload)) or 0


def objects(store: FolderStore) -> set[str]:
    return {path.name for path in store.folder.rglob("*") if path.is_file()}


async def test_what_is_stored_can_be_handed_in(api: Api, session: AsyncSession, center: Center) -> None:
    ids = [key(await uploaded(api, a_pdf(text))) for text in "abc"]
    with statements(await session.connection()) as seen:
        found, problems = await service.handed_in(session, STRANGER, center, dict.fromkeys(ids, ()), NOW)
    assert ([*found], problems) == (ids, [])
    assert len(seen) == 1
    assert await service.handed_in(session, STRANGER, center, {}, NOW) == ({}, [])


async def test_what_can_t_be_handed_in_says_why(api: Api, session: AsyncSession, center: Center) -> None:
    awaited = await announced(api, a_pdf())
    refused = await announced(api, a_pdf())
    await api.client.put(refused["url"], content=b"x")
    elsewhere = key(await uploaded(api, a_pdf(), "SH0101-01"))
    ids = [key(awaited["upload"]["id"]), key(refused["upload"]["id"]), elsewhere, UUID(int=5)]
    places = {one: ("documents", str(number), "document") for number, one in enumerate(ids)}
    found, problems = await service.handed_in(session, STRANGER, center, places, NOW)
    assert found == {}
    assert [(one.code, "letter.pdf" in one.message) for one in problems] == [
        ("MATERIAL_INVALID", True),
        ("MATERIAL_INVALID", True),
        ("FORBIDDEN", True),
        ("MATERIAL_INVALID", False),
    ]
    assert [one.path for one in problems] == [*places.values()]
    assert all(one.next_step for one in problems)
    own, problems = await service.handed_in(session, DEVELOPER, center, {elsewhere: ()}, NOW)
    assert ([*own], problems) == ([elsewhere], [])  # whoever sent it may hand it in anywhere


async def test_what_is_about_to_be_forgotten_can_t_be_handed_in(
    api: Api, session: AsyncSession, store: FolderStore, center: Center
) -> None:
    """Between the two lies an hour, so that what is handed in at the last moment is not forgotten meanwhile."""
    upload = key(await uploaded(api, a_pdf()))
    for at, usable in ((KEPT - timedelta(seconds=1), True), (KEPT, False)):
        found, problems = await service.handed_in(session, DEVELOPER, center, {upload: ()}, NOW + at)
        assert (upload in found, not problems) == (usable, usable)
    assert await service.forget_expired(session, store, NOW + KEPT, NOBODY) == 0


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (TOKEN_LASTS, 3),
        (TOKEN_LASTS + GRACE, 3),
        (TOKEN_LASTS + GRACE + timedelta(seconds=1), 1),
        (KEPT + GRACE, 1),
        (KEPT + GRACE + timedelta(seconds=1), 0),
    ],
)
async def test_what_nobody_handed_in_is_forgotten(
    api: Api, session: AsyncSession, store: FolderStore, after: timedelta, left: int
) -> None:
    await announced(api, a_pdf())
    refused = await announced(api, a_pdf())
    await api.client.put(refused["url"], content=b"x")
    stored = key(await uploaded(api, a_pdf()))
    assert await service.forget_expired(session, store, NOW + after, NOBODY) == 3 - left
    assert await count(session) == left
    assert objects(store) == ({str(stored)} if left else set())
    assert await service.forget_expired(session, store, NOW + after, NOBODY) == 0


async def test_what_a_case_holds_is_kept_for_ever(api: Api, session: AsyncSession, store: FolderStore) -> None:
    held, loose = key(await uploaded(api, a_pdf("1"))), key(await uploaded(api, a_pdf("2")))
    late = NOW + timedelta(days=3650)
    assert await service.forget_expired(session, store, late, EVERYBODY) == 0
    holding = select(cast(HELD.id, String)).where(HELD.id == held)
    assert await service.forget_expired(session, store, late, holding, most=1) == 1
    assert objects(store) == {str(held)}
    assert await session.get(Upload, loose, populate_existing=True) is None


async def test_an_object_whose_writer_was_killed_is_forgotten(
    api: Api, session: AsyncSession, store: FolderStore
) -> None:
    """Kept, but never called stored: its row is still awaited."""
    upload = (await announced(api, a_pdf()))["upload"]
    async with store.staged() as staged:
        await staged.write(a_pdf())
        await store.keep(staged, str(key(upload["id"])))
    assert await service.forget_expired(session, store, NOW + timedelta(days=1), NOBODY) == 1
    assert objects(store) == set()


async def test_two_servers_that_forget_at_once_share_the_work(
    engine: AsyncEngine, files: Files, store: FolderStore
) -> None:
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    said = Announcement(center="SH0114-01", file_name="a.pdf", size=1, digest="0" * 64)
    async with sessions() as session:
        for _ in range(10):
            await service.announce(session, files.secret, DEVELOPER, said, NOW - timedelta(days=1))
        await session.commit()
    async with sessions() as one, sessions() as other:
        assert await service.forget_expired(one, store, NOW, NOBODY, most=4) == 4
        assert await service.forget_expired(other, store, NOW, NOBODY) == 6
        await one.commit()
        await other.commit()
        assert await service.forget_expired(one, store, NOW, NOBODY) == 0


async def test_a_token_of_another_secret_is_none(api: Api, session: AsyncSession) -> None:
    upload = key((await announced(api, a_pdf()))["upload"]["id"])
    with pytest.raises(service.NotTaken, match="upload_unknown"):
        await service.awaited(session, Secret(b"another" * 8).token_of(upload), NOW)
