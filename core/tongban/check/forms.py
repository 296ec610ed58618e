"""Fills in forms by their JSON Schema: mostly valid ones, at the edges of what is valid, and some that are not.

It knows what departments' forms use. A schema beyond that gets values that may not fit, never an error.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import jsonschema

from tongban.check.draws import Draw, chance, pick

Maker = Callable[[Draw, date], Any]
"""Makes a value; the day is that of receipt, since dates near it are the interesting ones."""

NEAR = (0, -1, 1, -30, 30, -90, -180, -181, -364, -365, -366, 365, -730, -731, -1096, -1461, -1827, -3653, 400)
"""Days from the day of receipt at which rules about dates tend to turn."""
EXTREME_DATES = ("0001-01-01", "1900-01-01", "2000-02-29", "9999-12-31")
LIFETIME = 110 * 365
GARBAGE: tuple[Any, ...] = (
    None,
    "",
    " ",
    True,
    False,
    -1,
    10**18,
    1.5,
    1e308,
    "2018-02-30",
    "9999-12-31",
    "一" * 5000,
    "\x00",
    [],
    [None],
    {},
    {"a": {"b": [0]}},
)
"""What JSON can hold and hardly any field wants."""
STOCK = (
    "1",
    "甲",
    "12",
    "123456",
    "310109",
    "2018-03",
    "2018-03-01",
    "A-123456",
    "abc_1234",
    "13812345678",
    "310000000001",
    "1234567890123456",
    "6222021001112223334",
    "11010519491231002X",
    "310199197505200023",
    "91350100M000100Y43",
    "resident@example.org",
)
"""Texts of which some fits almost any pattern that forms use."""


def maker_of(schema: Any, example: Any = None) -> Maker:
    """Makes values for a schema; `example` is a value known to fit."""
    if not isinstance(schema, Mapping):
        return _any_of(GARBAGE)
    if "const" in schema:
        return _any_of((schema["const"],))
    if schema.get("enum"):
        return _any_of(tuple(schema["enum"]))
    for words in ("oneOf", "anyOf"):
        if schema.get(words):
            return _one_of(tuple(maker_of(branch, example) for branch in schema[words]))
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list | tuple) and kind else kind
    if kind == "object" or "properties" in schema:
        return FormPlan.of(schema, example).fill
    if kind in _BY_TYPE:
        return _BY_TYPE[kind](schema, example)
    return _any_of(STOCK + GARBAGE)


def edges_of(schema: Any, day: date) -> list[Any]:
    """The values at which rules about a field tend to turn, all of them; none where the schema has no such values."""
    if not isinstance(schema, Mapping):
        return []
    if "const" in schema:
        return [schema["const"]]
    choices = schema.get("oneOf") or schema.get("anyOf") or ()
    if schema.get("enum") or choices:
        return [*schema.get("enum", ()), *(value for choice in choices for value in edges_of(choice, day))]
    kind = schema.get("type")
    if kind == "string" and schema.get("format") == "date":
        return [(day + timedelta(days=days)).isoformat() for days in (1, 400, 0, -1, -200, -800, -4000, -20_000)]
    if kind == "string" and "pattern" in schema and _is_month(schema["pattern"]):
        return [(day + timedelta(days=days)).strftime("%Y-%m") for days in (40, 400, 0, -40, -400, -2000)]
    if kind in ("integer", "number"):
        low, high = _bounds(schema, 1 if kind == "integer" else 0.01)
        edges = [low, low + 1, (low + high) / 2, high - 1, high]
        return [int(edge) for edge in edges] if kind == "integer" else list(edges)
    return [False, True] if kind == "boolean" else []


def _any_of(values: Sequence[Any]) -> Maker:
    return lambda draw, _: pick(draw, values)


def _one_of(makers: Sequence[Maker]) -> Maker:
    return lambda draw, day: pick(draw, makers)(draw, day)


def _text(schema: Mapping[str, Any], example: Any) -> Maker:
    if schema.get("format") == "date":
        return _day
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 2000)
    fitting = [text for text in (example, *STOCK) if isinstance(text, str)]
    if "pattern" in schema:
        if _is_month(schema["pattern"]):
            return _month
        fitting = [text for text in fitting if re.search(schema["pattern"], text)]
    else:
        fitting += ["甲" * shortest, "甲" * longest, ("测试 text\n" * longest)[:longest]]
    fitting = [text for text in fitting if shortest <= len(text) <= longest]
    return _any_of(fitting or ("甲" * max(shortest, 1),))


def _is_month(pattern: str) -> bool:
    """Whether a pattern is about months, as 2026-01 is one."""
    return bool(re.search(pattern, "2018-03") and not re.search(pattern, "2018-93"))


def _month(draw: Draw, day: date) -> str:
    return (day + timedelta(days=30 * draw.whole(-36, 6))).strftime("%Y-%m")


def _day(draw: Draw, day: date) -> str:
    kind = draw.whole(0, 19)
    if kind == 19:
        return pick(draw, EXTREME_DATES)
    if kind < 12:
        return (day + timedelta(days=pick(draw, NEAR))).isoformat()
    return (day - timedelta(days=draw.whole(0, LIFETIME))).isoformat()


def _whole_number(schema: Mapping[str, Any], example: Any) -> Maker:
    low, high = map(int, _bounds(schema, 1))
    step = schema.get("multipleOf", 1)
    step = int(step) if step >= 1 else 1
    edges = [low, low + 1, low + 2, (low + high) // 2, high - 1, high]
    edges += [example] if isinstance(example, int) and not isinstance(example, bool) else []
    edges = [edge for edge in dict.fromkeys(edge - edge % step for edge in edges) if low <= edge <= high] or [low]
    digits = len(str(high - low))

    def make(draw: Draw, day: date) -> int:
        kind = draw.whole(0, 9)
        if kind < 4:
            return pick(draw, edges)
        if kind < 6 and low <= day.year - 1 and day.year + 1 <= high < 10_000:
            return day.year + draw.whole(-1, 1)
        value = low + draw.whole(0, min(high - low, 10 ** draw.whole(1, digits)))
        return max(low, value - value % step)

    return make


def _number(schema: Mapping[str, Any], example: Any) -> Maker:
    low, high = _bounds(schema, 0.01)
    edges: list[float] = [low, low + 0.5, (low + high) / 2, high - 0.01, high]
    edges += [example] if isinstance(example, int | float) and not isinstance(example, bool) else []
    edges = [edge for edge in dict.fromkeys(edges) if low <= edge <= high] or [low]
    digits = len(str(int(high - low)))

    def make(draw: Draw, _: date) -> float:
        if draw.whole(0, 9) < 4:
            return pick(draw, edges)
        # Cents, as amounts have them.
        cents = draw.whole(0, 100 * 10 ** draw.whole(0, digits))
        return min(high, low + cents / 100)

    return make


def _bounds(schema: Mapping[str, Any], step: float) -> tuple[float, float]:
    low = schema.get("minimum", schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else 0)
    high = schema.get("maximum", schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else None)
    return (low, low + 1_000_000) if high is None else (min(low, high), high)


def _array(schema: Mapping[str, Any], _: Any) -> Maker:
    items = maker_of(schema.get("items", {"type": "string"}))
    fewest = schema.get("minItems", 0)
    most = min(schema.get("maxItems", fewest + 3), fewest + 3)

    def make(draw: Draw, day: date) -> list[Any]:
        values = [items(draw, day) for _ in range(draw.whole(fewest, most))]
        if schema.get("uniqueItems"):
            return [value for place, value in enumerate(values) if value not in values[:place]]
        return values

    return make


_BY_TYPE: dict[Any, Callable[[Mapping[str, Any], Any], Maker]] = {
    "string": _text,
    "integer": _whole_number,
    "number": _number,
    "array": _array,
    "boolean": lambda schema, example: _any_of((False, True)),
    "null": lambda schema, example: _any_of((None,)),
}


@dataclass(frozen=True, slots=True)
class FormPlan:
    """A form's fields with their makers, and what it asks for on a condition."""

    fields: Mapping[str, Maker]
    required: frozenset[str]
    conditions: tuple[tuple[Callable[[Mapping[str, Any]], bool], tuple[str, ...]], ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any], example: Any = None) -> "FormPlan":
        """The plan of an object's schema."""
        known = example if isinstance(example, Mapping) else {}
        properties = schema.get("properties", {})
        return cls(
            {name: maker_of(field, known.get(name)) for name, field in properties.items()},
            frozenset(schema.get("required", ())) & properties.keys(),
            tuple(_conditions(schema, properties.keys())),
        )

    def fill(self, draw: Draw, day: date) -> dict[str, Any]:
        """A form: nearly always with the required fields, with some of the others, in one of twelve with rubbish."""
        form = {
            name: make(draw, day)
            for name, make in self.fields.items()
            if chance(draw, 97 if name in self.required else 60)
        }
        for holds, names in self.conditions:
            if holds(form):
                form |= {name: self.fields[name](draw, day) for name in names if name not in form and chance(draw, 97)}
        if chance(draw, 8):
            form[pick(draw, (*self.fields, "unknownField"))] = pick(draw, GARBAGE)
        return form


def _conditions(
    schema: Mapping[str, Any], known: Any
) -> "list[tuple[Callable[[Mapping[str, Any]], bool], tuple[str, ...]]]":
    """Pairs of a condition on the form and the fields required where it holds."""
    found: list[tuple[Callable[[Mapping[str, Any]], bool], tuple[str, ...]]] = []
    for part in (schema, *(each for each in schema.get("allOf", ()) if isinstance(each, Mapping))):
        if not isinstance(part.get("if"), Mapping):
            continue
        holds = _holds(part["if"])
        for branch, wanted in (("then", True), ("else", False)):
            names = tuple(name for name in part.get(branch, {}).get("required", ()) if name in known)
            if names:
                found.append((holds if wanted else _negated(holds), names))
    return found


def _negated(holds: Callable[[Mapping[str, Any]], bool]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda form: not holds(form)


def _holds(condition: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a form fits a condition. The usual shape needs no validator, which is a hundred times slower."""
    required, allowed = condition.get("required", ()), {}
    for name, field in condition.get("properties", {}).items():
        allowed[name] = [field["const"]] if "const" in field else field.get("enum")
    if condition.keys() - {"required", "properties"} or None in allowed.values():
        validator = jsonschema.Draft202012Validator({"type": "object", **condition})
        return lambda form: bool(validator.is_valid(form))
    return lambda form: (
        all(name in form for name in required)
        and all(form[name] in values for name, values in allowed.items() if name in form)
    )
