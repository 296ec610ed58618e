"""The two questions that core answers of every application, for all departments alike. Pure."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import jsonschema

from tongban.contract.applications import Applicant
from tongban.contract.items import Audience, Necessity


def belongs(audiences: Collection[str], applicant: Applicant, on: date) -> bool:
    """Whether the applicant belongs to one of the audiences on the day `on`."""
    if Audience.ANYONE in audiences:
        return True
    by_hukou = Audience.HUKOU in audiences and applicant.has_shanghai_hukou
    by_permit = (
        Audience.RESIDENCE_PERMIT in audiences and applicant.permit is not None and applicant.permit.valid_on(on)
    )
    return by_hukou or by_permit


def is_needed(necessity: str, when: Mapping[str, Any] | None, form: Any) -> bool:
    """Whether a material is needed now: always, or where the form fits the condition; deferrable ones are not."""
    if necessity == Necessity.CONDITIONAL and when is not None:
        return jsonschema.Draft202012Validator({"type": "object", **when}).is_valid(form)
    return necessity == Necessity.ALWAYS
