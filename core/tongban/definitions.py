"""Reads a department's definition from the TOML files of its package, or refuses it with file, line and reason.

A package keeps its data in a folder `data/`; each `*.toml` there may hold `[department]`, `[[materials]]` and
`[[items]]`. Two things are written shorter than they are kept:

- a form needs only `properties` and `required`; dialect, `type`, `additionalProperties = false` and the sample as its
  example are added;
- `when = { housing = "LEASE" }` becomes the JSON Schema that holds exactly when the form's `housing` is `LEASE`
  (a list of values: any of them).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import jsonschema
from pydantic import TypeAdapter, ValidationError

from tongban.contract.items import (
    Department,
    ItemDefinition,
    MaterialDefinition,
    Necessity,
    ProcessingMode,
    RoutingBasis,
)

Row = TypeVar("Row", ItemDefinition, MaterialDefinition)
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_TABLES = {"department", "materials", "items"}
_ITEM: TypeAdapter[ItemDefinition] = TypeAdapter(ItemDefinition)
_MATERIAL: TypeAdapter[MaterialDefinition] = TypeAdapter(MaterialDefinition)
_DEPARTMENT: TypeAdapter[Department] = TypeAdapter(Department)


class DefinitionError(ValueError):
    """A definition that can't be taken, with every reason, each as `file:line: what is wrong`."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


def read_department(package: str) -> Department:
    """The department that `package` defines in its `data/*.toml`. Raises DefinitionError with every reason."""
    folder = files(package) / "data"
    if not folder.is_dir():
        raise DefinitionError([f"{package}/data:1: there is no such folder"])
    sources = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return department_from({f"{package}/data/{source.name}": _text(source) for source in sources})


def department_from(texts: Mapping[str, str]) -> Department:
    """The department defined by TOML texts, keyed by the file names that reasons shall quote."""
    reasons: list[str] = []
    heads: list[Department] = []
    items: dict[str, ItemDefinition] = {}
    materials: dict[str, MaterialDefinition] = {}
    for name, text in texts.items():
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            reasons.append(f"{name}:{_line_said(error)}: {error}")
            continue
        reasons += [
            f"{name}:1: unknown table [{t}]; known are {', '.join(sorted(_TABLES))}" for t in tables.keys() - _TABLES
        ]
        for raw in _rows(tables, "department", name, reasons):
            heads += _head(raw, f"{name}:{_line_of(text, raw)}", reasons)
        for raw in _rows(tables, "materials", name, reasons):
            _take(raw, _MATERIAL, materials, f"{name}:{_line_of(text, raw)}", reasons)
        for raw in _rows(tables, "items", name, reasons):
            place = f"{name}:{_line_of(text, raw)}"
            if (item := _take(_expanded(raw), _ITEM, items, place, reasons)) is not None:
                reasons += [f"{place}: {item.code}: {fault}" for fault in faults_of(item)]
    if len(heads) != 1 and not any(": department: " in reason for reason in reasons):
        reasons.append(f"{next(iter(texts), '?')}:1: expected one [department] table, found {len(heads)}")
    if reasons:
        raise DefinitionError(reasons)
    return replace(heads[0], items=tuple(items.values()), materials=tuple(materials.values()))


def faults_of(item: ItemDefinition) -> Iterator[str]:
    """What contradicts itself in one definition, beyond what types say."""
    try:
        jsonschema.Draft202012Validator.check_schema(dict(item.form))
    except jsonschema.SchemaError as error:
        yield f"form is no JSON Schema: {error.message}"
        return
    if item.mode is not ProcessingMode.LOCAL_ONLY and item.tongban_from is None:
        yield "tongban_from is left out only for LOCAL_ONLY items"
    if item.mode is ProcessingMode.DIRECT and item.barriers:
        yield "a DIRECT item has no barriers"
    if item.mode is not ProcessingMode.DIRECT and item.routing_basis is RoutingBasis.NONE:
        yield f"a {item.mode} item needs a routing_basis, or nobody knows its handling center"
    if item.promised_days < 0 or (item.statutory_days is not None and item.promised_days > item.statutory_days):
        yield "promised_days lies between 0 and statutory_days"
    if not item.audiences and item.mode is not ProcessingMode.LOCAL_ONLY:
        yield "audiences are empty only for LOCAL_ONLY items, which promise nobody anything city-wide"
    if not item.themes or not item.guide.steps or not item.guide.conditions:
        yield "themes, guide.steps and guide.conditions are not empty"
    validator = jsonschema.Draft202012Validator(
        dict(item.form), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for fault in validator.iter_errors(dict(item.sample.form)):
        yield f"sample.form does not fit the form: {fault.message}"
    fields = item.form.get("properties", {}).keys()
    codes = [need.material for need in item.materials]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"material {code} is asked for twice"
    for need in item.materials:
        if (need.necessity is Necessity.CONDITIONAL) is not (need.when is not None and need.condition is not None):
            yield f"material {need.material}: condition and when belong to CONDITIONAL, and to nothing else"
        for name in (need.when or {}).get("properties", {}):
            if name not in fields:
                yield f"material {need.material}: when asks for {name}, which the form does not have"


def _rows(tables: Mapping[str, Any], kind: str, name: str, reasons: list[str]) -> list[dict[str, Any]]:
    """The rows of one kind, with a reason where something else stands in their place."""
    rows = [tables[kind]] if kind == "department" and kind in tables else tables.get(kind, [])
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    reasons.append(f"{name}:1: {kind}: expected {'a table' if kind == 'department' else 'a list of tables'}")
    return []


def _head(raw: dict[str, Any], place: str, reasons: list[str]) -> list[Department]:
    """The department's own table; its items and materials stand in tables of their own."""
    own = {name: value for name, value in raw.items() if name not in ("items", "materials")}
    try:
        return [_DEPARTMENT.validate_python(own)]
    except ValidationError as error:
        reasons += [f"{place}: department: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return []


def _take(
    raw: dict[str, Any], adapter: TypeAdapter[Row], known: dict[str, Row], place: str, reasons: list[str]
) -> Row | None:
    """Adds the row to `known` by its code, or the reasons why it can't be."""
    try:
        row = adapter.validate_python(raw)
    except ValidationError as error:
        where = raw.get("code", "?")
        reasons += [f"{place}: {where}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return None
    if row.code in known:
        reasons.append(f"{place}: {row.code} is defined twice")
        return None
    known[row.code] = row
    return row


def _expanded(raw: dict[str, Any]) -> dict[str, Any]:
    """The row with its form and conditions written out as JSON Schema; what is of another kind is left as it is."""
    form, needs, sample = raw.get("form", {}), raw.get("materials", []), raw.get("sample", {})
    if isinstance(form, dict):
        plain = {"$schema": JSON_SCHEMA, "type": "object", "additionalProperties": False, "properties": {}}
        example = {"examples": [sample.get("form", {})]} if isinstance(sample, dict) else {}
        form = plain | form | example
    if isinstance(needs, list):
        needs = [
            {**need, "when": _schema_of(need["when"])}
            if isinstance(need, dict) and isinstance(need.get("when"), dict)
            else need
            for need in needs
        ]
    return {**raw, "form": form, "materials": needs}


def _schema_of(when: dict[str, Any]) -> dict[str, Any]:
    values = {name: {"enum": value} if isinstance(value, list) else {"const": value} for name, value in when.items()}
    return {"properties": values, "required": sorted(values)}


def _text(source: Traversable) -> str:
    return source.read_text(encoding="utf-8")


def _line_of(text: str, raw: Mapping[str, Any]) -> int:
    """The line on which a row names its code; 1 where it has none."""
    mark = f'code = "{raw.get("code")}"'
    return next((n for n, line in enumerate(text.splitlines(), 1) if line.strip() == mark), 1)


def _line_said(error: tomllib.TOMLDecodeError) -> int:
    """tomllib says the line only in its words, "(at line 3, column 1)"."""
    _, _, tail = str(error).partition("at line ")
    digits = tail.partition(",")[0]
    return int(digits) if digits.isdigit() else 1
