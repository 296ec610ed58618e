"""Viewer's desk: who is asking."""

import strawberry

from tongban.graphql.desk import Info
from tongban.identity.actor import Role


@strawberry.type(description="Who is asking.")
class Viewer:
    subject: str
    name: str
    roles: list[Role]


@strawberry.type
class ViewerQuery:
    @strawberry.field(description="Who is asking, with the roles in force.")
    def viewer(self, info: Info) -> Viewer:
        actor = info.context.actor
        return Viewer(subject=actor.subject, name=actor.name, roles=sorted(actor.roles))
