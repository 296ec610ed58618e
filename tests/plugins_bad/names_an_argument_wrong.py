"""Names an argument that the hook does not have."""

from plugins_bad.base import a_department
from tongban import Application, Department, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("MISNAMES")


@hookimpl
def tongban_validate(applicaton: Application) -> None: ...
