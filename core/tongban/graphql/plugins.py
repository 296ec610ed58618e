"""Plugins' desk: which departments' plugins are there, and why one does not serve."""

import strawberry

from tongban.graphql.catalog import Department
from tongban.graphql.desk import Info, Row
from tongban.graphql.fields import one
from tongban.registry import Plugin as Installed
from tongban.registry import PluginState, Registry


@strawberry.type(description="A department's plugin.")
class Plugin:
    row: strawberry.Private[Row]
    department: Department | None = one("Department", "department", remote="code")
    name: str
    distribution: str
    version: str
    state: PluginState
    hooks: list[str]
    item_count: int
    contract_version: str = strawberry.field(
        description="The contract that it was written for; `unknown` where it could not be loaded."
    )
    last_problem: str | None = strawberry.field(description="Why it is quarantined, or why it last failed.")
    calls: int = strawberry.field(description="How often its rules were asked since the start.")
    failures: int = strawberry.field(description="How many of the calls failed.")
    p95_ms: float | None = strawberry.field(
        description="Milliseconds that 95 of 100 calls took at most, of the last thousand that succeeded."
    )


def shown_plugin(registry: Registry, plugin: Installed | None) -> Plugin | None:
    """The plugin as the public API shows it."""
    if plugin is None:
        return None
    department = plugin.department
    record = registry.record_of(department.code if department else "")
    return Plugin(
        row={"department": department.code if department else None},
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        state=plugin.state,
        hooks=list(plugin.hooks),
        item_count=len(department.items) if department else 0,
        contract_version=plugin.contract or "unknown",
        last_problem=plugin.problem or record.last_problem,
        calls=record.calls,
        failures=record.failures,
        p95_ms=record.p95_ms,
    )


@strawberry.type
class PluginsQuery:
    @strawberry.field(description="The plugins found, those in quarantine included.")
    def plugins(self, info: Info) -> list[Plugin]:
        registry = info.context.registry
        return [found for plugin in registry.plugins if (found := shown_plugin(registry, plugin))]
