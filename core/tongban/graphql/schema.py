"""The schema: every desk's queries and mutations put together."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from functools import cache
from typing import Any

import strawberry
from strawberry.extensions import MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graphql import GraphQLError
from tongban.errors import traced
from tongban.graphql.admission import AdmissionMutation, AdmissionQuery
from tongban.graphql.case_lists import CasesQuery
from tongban.graphql.case_moves import CasePreviewQuery, CasesMutation
from tongban.graphql.catalog import CatalogQuery
from tongban.graphql.centers import CentersMutation, CentersQuery
from tongban.graphql.cost import CostLimit
from tongban.graphql.documents import DocumentsMutation
from tongban.graphql.errors import Unavailable, is_unexpected
from tongban.graphql.node import NodeQuery
from tongban.graphql.notifications import NotificationsQuery
from tongban.graphql.plugins import PluginsQuery
from tongban.graphql.residents import ResidentsMutation, ResidentsQuery
from tongban.graphql.scalars import SCALARS
from tongban.graphql.subscriptions import Subscription
from tongban.graphql.viewer import ViewerQuery

log = logging.getLogger(__name__)
MOST_TOKENS = 2_000
"""Of one document; what is longer is refused before it is understood."""
REMEMBERED = 256
"""Documents that are understood and found valid once: frontends send the same few again and again."""


@strawberry.type(description="What can be asked.")
class Query(
    NodeQuery,
    ViewerQuery,
    CatalogQuery,
    CentersQuery,
    ResidentsQuery,
    CasesQuery,
    CasePreviewQuery,
    NotificationsQuery,
    AdmissionQuery,
    PluginsQuery,
):
    """What can be asked."""


@strawberry.type(description="What can be done. What is refused comes back as `problems`; nothing was written then.")
class Mutation(ResidentsMutation, DocumentsMutation, CasesMutation, AdmissionMutation, CentersMutation):
    """What can be done."""


class Schema(strawberry.Schema):
    """Logs what went wrong without the query, its variables, or any value of them: they hold personal data."""

    async def execute(self, *arguments: Any, **options: Any) -> ExecutionResult:
        """One answer: of anything but a subscription, which has many."""
        allowed = options.get("allowed_operation_types") or OperationType
        options["allowed_operation_types"] = set(allowed) - {OperationType.SUBSCRIPTION}
        return await super().execute(*arguments, **options)

    async def stream(self, *arguments: Any, **options: Any) -> StreamResult:
        """Many answers, up to one that failed: were it passed over, its reader would miss what it told of."""
        return _up_to_a_failure(await super().stream(*arguments, **options))

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for told, times in Counter(map(_for_the_log, errors)).items():
            if told is not None:
                log.error("%s%s", told, f" ({times} times)" if times > 1 else "")


class Validated(ValidationCache):
    """Validates what is not known to be valid, unless it was refused already."""

    def on_validate(self) -> Iterator[None]:
        if self.execution_context.pre_execution_errors is None:
            yield from super().on_validate()
        else:
            yield


class Resting(SchemaExtension):
    """Gives back the connection after each answer of a stream, before it is sent: its reader may be slow."""

    async def on_stream_result(self, result: object) -> AsyncIterator[None]:
        await self.execution_context.context.rest()
        yield


@cache
def build_schema() -> Schema:
    """The schema, ready to execute; built once, since it holds nothing of a request."""
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
        extensions=[
            lambda: MaxTokensLimiter(max_token_count=MOST_TOKENS),
            lambda: ParserCache(maxsize=REMEMBERED),
            CostLimit,
            lambda: Validated(maxsize=REMEMBERED),
            Resting,
        ],
    )


async def _up_to_a_failure(results: StreamResult) -> StreamResult:
    try:
        async with aclosing(results):
            async for result in results:
                yield result
                if isinstance(result, ExecutionResult) and result.errors and result.data is None:
                    return
    except GraphQLError as error:  # of the document, where it is looked up among those that are known
        yield PreExecutionError(data=None, errors=[error])


def _for_the_log(error: GraphQLError) -> str | None:
    """What the log says of an error; None where it is the caller's alone."""
    original = error.original_error
    if original is None:
        return None
    if isinstance(original, Unavailable):
        return f"the database does not answer: {traced(original.__cause__ or original)}"
    return traced(original) if is_unexpected(error) else None
