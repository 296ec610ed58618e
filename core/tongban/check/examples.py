"""Counter-examples as plain data, with nothing in them that is empty."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tongban.check.court import Answer, Key
from tongban.contract.applications import Application

LONGEST_TEXT = 200


def application_as_data(application: Application) -> dict[str, Any]:
    """The application as JSON has it; unknown and empty parts are left out, long texts are cut."""
    applicant: dict[str, Any] = {_camel(name): value for name, value in asdict(application.applicant).items()}
    applicant["certificates"] = sorted(application.applicant.certificates)
    data = {
        "form": dict(application.form),
        "applicant": applicant,
        "materials": sorted(application.materials),
        "receivedOn": application.received_on,
        "center": application.center.code,
    }
    plain: dict[str, Any] = _plain(data)
    return plain


def answer_as_data(answer: Answer) -> dict[str, Any]:
    """What the rules said."""
    data = {
        "problems": [said._asdict() for said in answer.problems],
        "mode": answer.mode,
        "failed": answer.reason or None,
    }
    plain: dict[str, Any] = _plain(data)
    return plain or {"problems": []}


def keys_as_data(keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Problems without their words."""
    ordered = sorted(keys, key=lambda key: (key[0], key[1] or "", key[2]))
    return [_plain({"code": code, "detail": detail, "path": path}) for code, detail, path in ordered]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        made = {_camel(name): _plain(each) for name, each in value.items()}
        return {name: each for name, each in made.items() if each is not None and each != {} and each != []}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value[:50]]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
