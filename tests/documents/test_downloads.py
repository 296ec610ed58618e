"""Documents given out: by a link that was made for the viewer, whole, to be saved and not to be shown."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from case_support import bare_case
from documents_support import A_JPEG, a_pdf, a_png, an_ofd, sha256, uploaded
from support import JIADING, NOW, SPLIT_ITEM, Api, MakeApi, application, centers_of, done, register, statements, submit
from tongban.cases.models import Case, Document
from tongban.catalog.models import Material, ServiceItem
from tongban.centers.models import Center
from tongban.documents.files import Files
from tongban.documents.links import LINK_LASTS, Secret
from tongban.documents.models import Upload
from tongban.graphql.stored import read_global_id
from tongban.identity.actor import Actor, Role
from tongban.storage.objects import FolderStore

DOCUMENTS = """query($number: String!) { case(number: $number) { documents { id fileName mediaType size digest purpose
  uploadedAt url material { code } custodian { code } } } }"""
CONTENTS = {"application/pdf": a_pdf(), "image/jpeg": A_JPEG, "image/png": a_png(), "application/ofd": an_ofd()}


async def handed_in(api: Api, session: AsyncSession, number: str, content: bytes, name: str, **said: Any) -> None:
    """A document of the case: an upload that is stored, taken over as it is."""
    upload_id = UUID(str(read_global_id(await uploaded(api, content, fileName=name))[1][-1]))
    case = (await session.scalars(select(Case).where(Case.number == number))).one()
    upload = (await session.scalars(select(Upload).where(Upload.id == upload_id))).one()
    material = (await session.scalars(select(Material.id).limit(1))).one()
    position = await session.scalar(select(func.count()).select_from(Document).where(Document.case_id == case.id))
    plain = {
        "id": upload.id,
        "case_id": case.id,
        "position": position,
        "purpose": "APPLICATION",
        "material_id": material,
        "object_key": str(upload.id),
        "custodian_id": case.custodian_id,
        "uploaded_at": upload.stored_at,
    }
    kept = {name: getattr(upload, name) for name in ("file_name", "media_type", "size", "digest")}
    await session.execute(insert(Document).values(plain | kept | said))
    await session.commit()


@pytest_asyncio.fixture
async def number(api: Api, session: AsyncSession) -> str:
    """A case of Jiading."""
    center = (await session.scalars(select(Center.id).where(Center.code == "SH0114-01"))).one()
    case = bare_case(
        number="TB-1",
        item_id=(await session.scalars(select(ServiceItem.id).limit(1))).one(),
        applicant_id=read_global_id((await register(api))["id"])[1][-1],
        center=center,
        status="UNDER_REVIEW",
    )
    session.add(case)
    await session.commit()
    return case.number


async def documents(api: Api, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.ask(DOCUMENTS, number=number))["case"]["documents"]
    return found


async def test_what_is_handed_in_with_a_case_is_given_out_with_it(api: Api) -> None:
    [center, *_] = await centers_of(api, JIADING)
    resident = await register(api, hukouDivisionCode=center["divisionCode"])
    said = await application(api, SPLIT_ITEM, center["code"], resident["id"])
    sent = {}
    for number, document in enumerate(said["documents"]):
        sent[document["material"]] = a_pdf(f"page {number}")
        document["document"] = await uploaded(api, sent[document["material"]], center["code"])
    case = await done(submit(api, said))
    got = {
        document["material"]["code"]: (await api.client.get(document["url"])).content
        for document in await documents(api, case["number"])
    }
    assert len(got) > 1
    assert got == sent


async def test_each_kind_comes_back_as_it_was_sent(api: Api, session: AsyncSession, number: str) -> None:
    for kind, content in CONTENTS.items():
        await handed_in(api, session, number, content, f"file.{kind.rpartition('/')[2].replace('jpeg', 'JPG')}")
    found = await documents(api, number)
    assert [document["mediaType"] for document in found] == [*CONTENTS]
    for document, (kind, content) in zip(found, CONTENTS.items(), strict=True):
        assert (document["size"], document["digest"]) == (len(content), sha256(content))
        assert document["purpose"] == "APPLICATION"
        assert document["custodian"]["code"].startswith("SH0114")
        for method in ("GET", "HEAD"):
            answer = await api.client.request(method, document["url"])
            assert answer.status_code == 200
            assert answer.content == (content if method == "GET" else b"")
            assert answer.headers["content-type"] == kind
            assert answer.headers["content-length"] == str(len(content))
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-disposition"].startswith('attachment; filename="file.')


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("letter.pdf", "attachment; filename=\"letter.pdf\"; filename*=UTF-8''letter.pdf"),
        ("证 明.pdf", "attachment; filename=\"_ _.pdf\"; filename*=UTF-8''%E8%AF%81%20%E6%98%8E.pdf"),
        ('a"; x=".pdf', "attachment; filename=\"a_; x=_.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%22.pdf"),
        ("100%41.pdf", "attachment; filename=\"100_41.pdf\"; filename*=UTF-8''100%2541.pdf"),
        ("evil.exe", "attachment; filename=\"evil.exe.pdf\"; filename*=UTF-8''evil.exe.pdf"),
        ("evil.html", "attachment; filename=\"evil.html.pdf\"; filename*=UTF-8''evil.html.pdf"),
    ],
)
async def test_it_is_saved_under_its_name(
    api: Api, session: AsyncSession, number: str, name: str, disposition: str
) -> None:
    await handed_in(api, session, number, a_pdf(), name)
    [document] = await documents(api, number)
    assert document["fileName"] == name
    assert (await api.client.get(document["url"])).headers["content-disposition"] == disposition


async def refused(api: Api, url: str, status: int) -> None:
    answer = await api.client.get(url)
    assert answer.status_code == status, answer.text
    [error] = answer.json()["errors"]
    assert error["extensions"]["nextStep"]


async def test_a_link_works_for_five_minutes(api: Api, make_api: MakeApi, session: AsyncSession, number: str) -> None:
    await handed_in(api, session, number, a_pdf(), "letter.pdf")
    [document] = await documents(api, number)
    just, late = make_api(NOW + LINK_LASTS - timedelta(seconds=1)), make_api(NOW + LINK_LASTS)
    assert (await just.client.get(document["url"])).content == a_pdf()
    await refused(late, document["url"], 410)
    [again] = await documents(late, number)
    assert (await late.client.get(again["url"])).status_code == 200


async def test_other_links_are_none(api: Api, files: Files, session: AsyncSession, number: str) -> None:
    await handed_in(api, session, number, a_pdf(), "letter.pdf")
    [document] = await documents(api, number)
    case = (await session.scalars(select(Case.id).where(Case.number == number))).one()
    other_secret = Secret(b"another" * 8).link_to(case, read_global_id(document["id"])[1][-1], NOW)
    for link in ("x", "%2e%2e", other_secret, files.secret.link_to(case, uuid4(), NOW), files.secret.token_of(case)):
        await refused(api, f"/documents/{link}", 404)
    for method in ("POST", "PUT", "DELETE"):
        answer = await api.client.request(method, document["url"])
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_only_who_may_see_the_case_gets_a_link(
    api: Api, make_api: MakeApi, session: AsyncSession, number: str
) -> None:
    await handed_in(api, session, number, a_pdf(), "letter.pdf")
    case = (await api.ask(f'{{ case(number: "{number}") {{ receivingCenter {{ code }} }} }}'))["case"]
    here = case["receivingCenter"]["code"]

    def clerk(*codes: str) -> Api:
        return make_api(actor=Actor(subject="c", name="C", roles=frozenset({Role.CLERK}), centers=frozenset(codes)))

    [seen] = await documents(clerk(here), number)
    assert (await clerk().client.get(seen["url"])).content == a_pdf()  # the link is the permission
    for other in (clerk(), clerk("SH0101-01")):
        assert [document["url"] for document in await documents(other, number)] == [None]


async def test_many_documents_cost_as_many_statements_as_few(
    api: Api, make_api: MakeApi, session: AsyncSession, number: str, connection: AsyncConnection
) -> None:
    clerk = make_api(
        actor=Actor(subject="c", name="C", roles=frozenset({Role.CLERK}), centers=frozenset({"SH0114-01"}))
    )
    counts = []
    for more in (2, 8):
        for part in range(more):
            await handed_in(api, session, number, a_pdf(f"{more} {part}"), "letter.pdf")
        with statements(connection) as seen:
            await documents(clerk, number)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5


async def test_what_the_store_lost_is_not_given_as_if_it_were_whole(
    api: Api, session: AsyncSession, store: FolderStore, number: str, caplog: pytest.LogCaptureFixture
) -> None:
    await handed_in(api, session, number, a_pdf(), "letter.pdf")
    [document] = await documents(api, number)
    [path] = [path for path in store.folder.rglob("*") if path.is_file()]
    path.write_bytes(a_pdf()[:100])
    await refused(api, document["url"], 503)
    path.unlink()
    await refused(api, document["url"], 503)
    assert "bytes in the store" in caplog.text


async def test_a_document_is_found_by_its_id(api: Api, session: AsyncSession, number: str) -> None:
    await handed_in(api, session, number, a_pdf(), "letter.pdf", material_id=None, purpose="RESULT")
    [document] = await documents(api, number)
    node = (
        await api.ask(
            "query($id: ID!) { node(id: $id) { ... on Document { fileName url material { code } } } }",
            id=document["id"],
        )
    )["node"]
    assert node == {"fileName": "letter.pdf", "url": document["url"], "material": None}
