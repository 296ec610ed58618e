"""The host of departments' plugins: each in a process of its own, with limits; bad ones kept out with a reason."""

from typing import TYPE_CHECKING, Any

from tongban.registry.words import GROUP, Judgment, Limits, Plugin, PluginState

if TYPE_CHECKING:
    from tongban.registry.host import Record, Registry, open_registry

__all__ = ["GROUP", "Judgment", "Limits", "Plugin", "PluginState", "Record", "Registry", "open_registry"]


def __getattr__(name: str) -> Any:
    """The host, when it is asked for: workers are in this package too, and start faster without it."""
    if name in __all__:
        from tongban.registry import host

        return getattr(host, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
