"""The host of departments' plugins: each in a process of its own, with limits; bad ones kept out with a reason."""

from tongban.registry.host import Registry, open_registry
from tongban.registry.words import Judgment, Limits, Plugin, PluginState

__all__ = ["Judgment", "Limits", "Plugin", "PluginState", "Registry", "open_registry"]
