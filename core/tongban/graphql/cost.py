"""What a request may cost at most, found from its document before it is validated or run.

An object of the answer costs `OBJECT`, a plain value 1, and what lies below a list costs as many times as the list is
long. Each fragment is costed once, so that fragments of fragments cost no time (strawberry's own limiters expand them).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from strawberry.extensions import SchemaExtension

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)
from tongban.graphql.pages import LONGEST_PAGE, PAGE

MOST = 150_000
"""Of one request: 15,000 objects, or ten times as many plain values; a second or two of work."""
OBJECT = 10
JSON = 50
"""A form, or a form's schema: kilobytes."""
ROOT = 2_000
"""A field of Query, Mutation or Subscription: a statement of its own, or a transaction."""
LIST, INTROSPECTED = 10, 5
"""How long a list is taken to be that is not asked for by page; and one of the schema's own description."""
DEEPEST = 60
"""Fields and fragments, one within another."""


class CostLimit(SchemaExtension):
    """Refuses a request that costs more than `MOST`."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        if document is not None:
            cost = cost_of(document, context.schema._schema, context.variables or {}, context.operation_name)
            if cost > MOST:
                context.pre_execution_errors = [_too_costly()]
        yield


def cost_of(
    document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any], operation: str | None = None
) -> int:
    """What the operation costs: `MOST` and one more at most. What the schema does not have costs next to nothing."""
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            name = definition.name.value if definition.name else None
            if operation is None or name == operation:
                return _Costs(document, schema, _defaults(definition) | dict(variables)).of_operation(definition)
    return 0


class _Costs:
    """The costs of one document's parts, each fragment's found once."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
        self.schema, self.variables = schema, variables
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.known: dict[str, int] = {}

    def of_operation(self, operation: OperationDefinitionNode) -> int:
        root = self.schema.get_root_type(operation.operation)
        return self.of_selections(operation.selection_set, root, 0)

    def of_selections(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, depth: int) -> int:
        """The cost of what is selected of one object of type `parent`."""
        cost = 0
        for node in selections.selections:
            if depth > DEEPEST or cost > MOST:
                return MOST + 1
            if isinstance(node, FieldNode):
                cost += self.of_field(node, parent, depth + 1)
            elif isinstance(node, InlineFragmentNode):
                on = self.schema.get_type(node.type_condition.name.value) if node.type_condition else parent
                cost += self.of_selections(node.selection_set, on, depth + 1)
            elif isinstance(node, FragmentSpreadNode):
                cost += self.of_fragment(node.name.value, depth + 1)
        return min(cost, MOST + 1)

    def of_fragment(self, name: str, depth: int) -> int:
        if name not in self.known:
            self.known[name] = 0  # a fragment within itself: validation refuses it
            if (fragment := self.fragments.get(name)) is not None:
                on = self.schema.get_type(fragment.type_condition.name.value)
                self.known[name] = self.of_selections(fragment.selection_set, on, depth)
        return self.known[name]

    def of_field(self, node: FieldNode, parent: GraphQLNamedType | None, depth: int) -> int:
        name = node.name.value
        field = self.schema.get_field(parent, name) if is_composite_type(parent) else None
        kind = get_named_type(field.type) if field is not None else None
        roots = (self.schema.query_type, self.schema.mutation_type, self.schema.subscription_type)
        root = ROOT if parent in roots else 0
        if node.selection_set is None:
            return root + (JSON if kind is not None and kind.name == "JSON" else 1)
        each = OBJECT + self.of_selections(node.selection_set, kind, depth)
        return root + each * (self.length(node, field.type, parent) if field is not None else 1)

    def length(self, node: FieldNode, kind: GraphQLOutputType, parent: GraphQLNamedType | None) -> int:
        """How many objects the field gives: as the page says, else as lists are taken to be."""
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last", "ids"):
                return self.asked(argument.value)
        named = get_named_type(kind).name
        if named.endswith("Connection"):
            return PAGE
        if not _is_list(kind) or (parent is not None and parent.name.endswith("Connection")):
            return 1  # a connection's edges and nodes are as many as the connection was counted for
        return INTROSPECTED if named.startswith("__") else LIST

    def asked(self, value: ValueNode) -> int:
        """The size of a page, or how many ids there are; what can't be read is taken for a page."""
        said: Any = None
        if isinstance(value, VariableNode):
            said = self.variables.get(value.name.value)
        elif isinstance(value, IntValueNode):
            said = int(value.value[:9])
        elif isinstance(value, ListValueNode):
            said = value.values
        size = len(said) if isinstance(said, list | tuple) else said
        return max(1, min(int(size), LONGEST_PAGE)) if isinstance(size, int | float) else PAGE


def _is_list(kind: GraphQLOutputType) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """The values of the variables that are not given."""
    return {
        definition.variable.name.value: int(definition.default_value.value[:9])
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }


def _too_costly() -> GraphQLError:
    return GraphQLError(
        f"The request asks for too much: it costs more than {MOST} (an object {OBJECT}, a plain value 1, a field of "
        f"Query, Mutation or Subscription {ROOT}; below a list, as many times as it is long). Ask for smaller pages "
        "with `first`, for fewer lists within lists, or in several requests.",
        extensions={"code": "QUERY_TOO_COSTLY"},
    )
