"""Asks for what the resident's record answers."""

from plugins_bad.base import ITEM, a_department
from tongban import Department, hookimpl

FORM = {**ITEM.form, "properties": {**ITEM.form["properties"], "name": {"title": "姓名", "type": "string"}}}


@hookimpl
def tongban_department() -> Department:
    return a_department("ASKS-THE-NAME-AGAIN", form=FORM)
