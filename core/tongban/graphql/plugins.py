"""Plugins' desk: which departments' plugins are there, and why one does not serve."""

import strawberry

from tongban import registry
from tongban.contract.hooks import CONTRACT_VERSION
from tongban.graphql.catalog import Department
from tongban.graphql.desk import Info, Row
from tongban.graphql.fields import one
from tongban.registry import PluginState


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
    contract_version: str
    last_problem: str | None = strawberry.field(description="Why it is quarantined.")


def shown_plugin(plugin: registry.Plugin | None) -> Plugin | None:
    """The plugin as the public API shows it."""
    if plugin is None:
        return None
    return Plugin(
        row={"department": plugin.department.code if plugin.department else None},
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        state=plugin.state,
        hooks=list(plugin.hooks),
        item_count=len(plugin.department.items) if plugin.department else 0,
        contract_version=CONTRACT_VERSION,
        last_problem=plugin.problem,
    )


@strawberry.type
class PluginsQuery:
    @strawberry.field(description="The plugins found, those in quarantine included.")
    def plugins(self, info: Info) -> list[Plugin]:
        return [found for found in map(shown_plugin, info.context.registry.plugins) if found]
