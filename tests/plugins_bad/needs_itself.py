"""Asks for a material that only this item makes: nobody can ever have it."""

from dataclasses import replace

from plugins_bad.base import a_department
from tongban import Department, MaterialDefinition, MaterialRequirement, hookimpl


@hookimpl
def tongban_department() -> Department:
    made = MaterialDefinition(
        code="M-CIRCLE", name="告知书", issuer="试验", provenance="made up for a test", produced_by="NEEDS-ITSELF-001"
    )
    department = a_department("NEEDS-ITSELF", materials=(MaterialRequirement(material="M-CIRCLE"),))
    return replace(department, materials=(made,))
