"""Viewer's desk: who is asking."""

import strawberry

from tongban.centers import models
from tongban.graphql.centers import Center
from tongban.graphql.desk import Desk, Info
from tongban.graphql.fields import listed
from tongban.graphql.sources import Selection
from tongban.identity.actor import Role


def acted_for(desk: Desk) -> Selection:
    """All centers, or those that the actor's role names."""
    return Selection([] if desk.actor.everywhere else [models.Center.code.in_(desk.actor.centers)])


@strawberry.type(description="Who is asking.")
class Viewer:
    subject: str
    name: str
    roles: list[Role]
    centers: list[Center] = listed(
        "Center", order=["code"], select=acted_for, description="The centers for which somebody acts."
    )


@strawberry.type
class ViewerQuery:
    @strawberry.field(description="Who is asking, with the roles in force.")
    def viewer(self, info: Info) -> Viewer:
        actor = info.context.actor
        return Viewer(subject=actor.subject, name=actor.name, roles=sorted(actor.roles))
