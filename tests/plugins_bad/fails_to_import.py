"""Needs a module that is not there."""

import nowhere_to_be_found  # type: ignore[import-not-found]

print(nowhere_to_be_found)
