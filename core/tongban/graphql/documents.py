"""stub until merge"""

import datetime as dt

import strawberry

from tongban.cases import models
from tongban.documents import models as uploads
from tongban.graphql.catalog import Material
from tongban.graphql.centers import Center
from tongban.graphql.fields import column, reference
from tongban.graphql.node import Node
from tongban.graphql.scalars import Digest
from tongban.graphql.stored import Stored


@strawberry.type
class Document(Stored, Node, model=models.Document):
    material: Material | None = reference("Material", "material_id")
    file_name: str = column()
    media_type: str = column()
    size: int = column()
    digest: Digest = column()
    custodian: Center = reference("Center", "custodian_id")
    uploaded_at: dt.datetime = column()


@strawberry.type
class Upload(Stored, Node, model=uploads.Upload):
    state: str = column()
