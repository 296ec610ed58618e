"""Documents' desk: files announced, and what is known of them; they themselves go over plain HTTP (`files`)."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.models import Case
from tongban.cases.models import Document as CaseDocument
from tongban.cases.words import DocumentPurpose
from tongban.centers import models as centers
from tongban.documents import models, service
from tongban.documents.words import UploadState
from tongban.graphql.catalog import Material
from tongban.graphql.centers import Center
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.fields import batch, column, one, reference
from tongban.graphql.node import Node
from tongban.graphql.problems import Problem, shown
from tongban.graphql.scalars import Digest
from tongban.graphql.stored import Stored
from tongban.graphql.writing import written
from tongban.messages.problems import problem


async def refusals(desk: Desk, rows: Sequence[Row]) -> list[str | None]:
    """Why each was refused, in the caller's language."""

    def told(row: Row) -> str | None:
        if row["refusal"] is None:
            return None
        return shown([problem(row["refusal"], size=f"{row['size']:,}")], desk.language)[0].message

    return [told(row) for row in rows]


@strawberry.type(description="A file announced by its size and digest, and then sent to an address of its own.")
class Upload(Stored, Node, model=models.Upload):
    center: Center = reference("Center", "center_id", description="Where it will be handed in.")
    material: Material | None = reference("Material", "material_id")
    file_name: str = column()
    size: int = column()
    digest: Digest = column()
    media_type: str | None = column(description="What it is by its own bytes; known once it is stored.")
    state: UploadState = column()
    refusal: str | None = batch(refusals, description="Why it was refused, for a person to read.")
    expires_at: dt.datetime = column(description="Until when it can be sent.")
    stored_at: dt.datetime | None = column()


async def links(desk: Desk, rows: Sequence[Row]) -> list[str | None]:
    """A link to each document, for a viewer who may see its case: one who acts for A, for B or for its custodian."""
    everywhere, theirs = desk.actor.everywhere, desk.actor.centers
    allowed: set[UUID] = set()
    if not everywhere and theirs:
        own = select(centers.Center.id).where(centers.Center.code.in_(theirs))
        theirs_too = Case.receiving_center_id.in_(own) | Case.handling_center_id.in_(own) | Case.custodian_id.in_(own)
        asked = {row["case_id"] for row in rows}
        found = await desk.rows(select(Case.id).where(Case.id.in_(asked), theirs_too))
        allowed = {row["id"] for row in found}
    return [
        f"{desk.base}documents/{desk.files.secret.link_to(row['case_id'], row['id'], desk.now)}"
        if everywhere or row["case_id"] in allowed
        else None
        for row in rows
    ]


@strawberry.type(description="A file of a case.")
class Document(Stored, Node, model=CaseDocument):
    material: Material | None = reference(
        "Material", "material_id", description="What it was handed in as; a result need not be a material."
    )
    purpose: DocumentPurpose = column()
    file_name: str = column()
    media_type: str = column()
    size: int = column()
    digest: Digest = column()
    custodian: Center = reference("Center", "custodian_id", description="The one center that holds it.")
    uploaded_at: dt.datetime = column()
    url: str | None = batch(
        links, description="Where to fetch it, for five minutes; null for a viewer who may not see it."
    )


async def addresses(desk: Desk, rows: Sequence[Row]) -> list[str | None]:
    """Where to send each file; nowhere once it was sent or may not be any more."""
    awaited = select(models.Upload.id).where(
        models.Upload.id.in_([row["id"] for row in rows]),
        models.Upload.state == UploadState.AWAITED,
        models.Upload.expires_at > desk.now,
    )
    ids = {row["id"] for row in await desk.rows(awaited)}
    return [f"{desk.base}uploads/{desk.files.secret.token_of(row['id'])}" if row["id"] in ids else None for row in rows]


@strawberry.type(description="The upload and where to send its file, or the problems for which nothing was done.")
class CreateUploadPayload:
    row: strawberry.Private[Row]
    problems: list[Problem]
    upload: Upload | None = one("Upload", "id")
    url: str | None = batch(
        addresses,
        description="`PUT` the file there, as it is, within 15 minutes. It works once; null when that is over.",
    )


@strawberry.input(description="A file that is going to be sent.")
class CreateUploadInput:
    center: str = strawberry.field(description="The code of the center where it will be handed in.")
    file_name: str
    size: int = strawberry.field(description="Bytes; at most 20,000,000.")
    digest: Digest
    material: str | None = strawberry.field(default=None, description="The material's code.")
    idempotency_key: str | None = None


@strawberry.type
class DocumentsMutation:
    @strawberry.mutation(description="Announces a file: a PDF, JPEG, PNG or OFD. It is sent to the `url` then.")
    async def create_upload(self, info: Info, input: CreateUploadInput) -> CreateUploadPayload:  # noqa: A002
        desk = info.context
        announcement = service.Announcement(
            center=input.center,
            material=input.material,
            file_name=input.file_name,
            size=input.size,
            digest=input.digest,
        )

        async def do(session: AsyncSession) -> UUID:
            return (await service.announce(session, desk.files.secret, desk.actor, announcement, desk.now)).id

        request = {"createUpload": strawberry.asdict(input)}
        return await written(desk, _payload, input.idempotency_key, request, do)


def _payload(row: Row, problems: list[Problem]) -> CreateUploadPayload:
    return CreateUploadPayload(row=row, problems=problems)
