"""The schema: every desk's queries and mutations put together."""

import logging

import strawberry
from strawberry.extensions import MaskErrors, MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graphql import GraphQLError
from tongban.graphql.cases import CasesMutation, CasesQuery
from tongban.graphql.catalog import CatalogQuery
from tongban.graphql.centers import CentersQuery
from tongban.graphql.node import NodeQuery
from tongban.graphql.plugins import PluginsQuery
from tongban.graphql.residents import ResidentsMutation, ResidentsQuery
from tongban.graphql.scalars import SCALARS
from tongban.graphql.viewer import ViewerQuery

log = logging.getLogger(__name__)
MOST_TOKENS = 5_000
"""Of one document; what is longer is refused before it is understood."""


@strawberry.type
class Query(NodeQuery, ViewerQuery, CatalogQuery, CentersQuery, ResidentsQuery, CasesQuery, PluginsQuery):
    """What can be asked."""


@strawberry.type
class Mutation(ResidentsMutation, CasesMutation):
    """What can be done."""


class Schema(strawberry.Schema):
    """Logs what went wrong without the query, its variables, or any value of them: they hold personal data."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for error in errors:
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                log.error("error at %s", error.path, exc_info=error.original_error)


def build_schema() -> Schema:
    """The schema, ready to execute."""
    return Schema(
        query=Query,
        mutation=Mutation,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
        extensions=[
            lambda: MaxTokensLimiter(max_token_count=MOST_TOKENS),
            lambda: MaskErrors(should_mask_error=_is_unexpected, error_message="Internal error"),
        ],
    )


def _is_unexpected(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)
