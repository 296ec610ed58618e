"""Reading a department's definition from TOML: each fault is refused with file, line and reason, all at once."""

import tomllib

import pytest

from tongban.contract.items import Necessity
from tongban.definitions import JSON_SCHEMA, DefinitionError, department_from, read_department
from tongban.registry import Registry

HEAD = """
[department]
code = "TT"
name = "试验"
name_en = "Trial"
provenance = "made up for a test"
"""
ITEM = """
[[items]]
code = "TT-001"
name = "试验事项"
themes = ["试验"]
mode = "DIRECT"
audiences = ["HUKOU"]
routing_basis = "NONE"
tongban_from = 2018-03-01
promised_days = 5
provenance = "made up for a test"
materials = [{ material = "M-ID" }]
guide = { summary = "", steps = ["申请"], conditions = ["无"], fee = "不收费", result_name = "证明" }
sample = { form = { housing = "RENTED" } }

[items.form]
required = ["housing"]
properties = { housing = { enum = ["RENTED", "OWNED"] } }
"""
PLACE = "items.toml:3: TT-001: "
CONDITIONAL = '{ material = "M-LEASE", necessity = "CONDITIONAL", condition = "租房的", when = { housing = "RENTED" } }'


def reasons(**texts: str) -> list[str]:
    """Why the files, by name without ending, are refused."""
    with pytest.raises(DefinitionError) as refused:
        department_from({f"{name}.toml": text for name, text in texts.items()})
    assert str(refused.value) == "\n".join(refused.value.reasons)
    return refused.value.reasons


def test_a_form_and_its_conditions_are_written_out_as_json_schema() -> None:
    several = CONDITIONAL.replace('"RENTED"', '["RENTED", "X"]')
    text = ITEM.replace('{ material = "M-ID" }', f"{CONDITIONAL}, {several}".replace('"M-LEASE"', '"M-LEASE-2"', 1))
    (item,) = department_from({"head.toml": HEAD, "items.toml": text}).items
    assert item.form == {
        "$schema": JSON_SCHEMA,
        "type": "object",
        "additionalProperties": False,
        "properties": {"housing": {"enum": ["RENTED", "OWNED"]}},
        "required": ["housing"],
        "examples": [{"housing": "RENTED"}],
    }
    assert [need.when for need in item.materials] == [
        {"properties": {"housing": {"const": "RENTED"}}, "required": ["housing"]},
        {"properties": {"housing": {"enum": ["RENTED", "X"]}}, "required": ["housing"]},
    ]
    assert item.materials[0].necessity is Necessity.CONDITIONAL


def test_an_item_without_a_form_takes_an_empty_one() -> None:
    text = ITEM.partition("\n[items.form]")[0].replace('sample = { form = { housing = "RENTED" } }', "")
    (item,) = department_from({"head.toml": HEAD, "items.toml": text}).items
    assert (item.form["properties"], item.form["additionalProperties"], item.form["examples"]) == ({}, False, [{}])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('name = "试验事项"', "", "name: Field required"),
        ('mode = "DIRECT"', 'mode = "SOMEHOW"', "mode: Input should be 'DIRECT', 'SPLIT' or 'LOCAL_ONLY'"),
        ('mode = "DIRECT"', 'mode = "DIRECT"\nmood = "good"', "mood: Unexpected keyword argument"),
        ('fee = "不收费", ', "", "guide.fee: Field required"),
        ("promised_days = 5", 'promised_days = "soon"', "promised_days: Input should be a valid integer"),
        ("promised_days = 5", "promised_days = -1", "promised_days lies between 0 and statutory_days"),
        (
            "promised_days = 5",
            "promised_days = 5\nstatutory_days = 4",
            "promised_days lies between 0 and statutory_days",
        ),
        ("tongban_from = 2018-03-01", "", "tongban_from is left out only for LOCAL_ONLY items"),
        ("tongban_from = 2018-03-01", "tongban_from = 2018-03-01T08:30:00", "tongban_from: "),
        (
            'mode = "DIRECT"',
            'mode = "DIRECT"\nbarriers = ["FIELD_VERIFICATION"]',
            "a DIRECT item has no barriers",
        ),
        (
            'mode = "DIRECT"',
            'mode = "SPLIT"\nbarriers = ["FIELD_VERIFICATION"]',
            "a SPLIT item needs a routing_basis, or nobody knows its handling center",
        ),
        ('themes = ["试验"]', "themes = []", "themes, guide.steps and guide.conditions are not empty"),
        ('["HUKOU"]', "[]", "audiences are empty only for LOCAL_ONLY items, which promise nobody anything"),
        ('steps = ["申请"]', "steps = []", "themes, guide.steps and guide.conditions are not empty"),
        ('conditions = ["无"]', "conditions = []", "themes, guide.steps and guide.conditions are not empty"),
        ('enum = ["RENTED", "OWNED"]', 'enum = "RENTED"', "form is no JSON Schema: "),
        ('{ housing = "RENTED" }', '{ housing = "NONE" }', "sample.form does not fit the form: 'NONE' is not one of"),
        (
            'sample = { form = { housing = "RENTED" } }',
            "",
            "sample.form does not fit the form: 'housing' is",
        ),
        ('{ housing = "RENTED" }', '{ housing = "RENTED", x = 1 }', "sample.form does not fit the form: Additional"),
        (
            '{ material = "M-ID" }',
            '{ material = "M-ID", necessity = "CONDITIONAL" }',
            "material M-ID: condition and when belong to CONDITIONAL, and to nothing else",
        ),
        (
            '{ material = "M-ID" }',
            CONDITIONAL.replace('necessity = "CONDITIONAL", ', ""),
            "material M-LEASE: condition and when belong to CONDITIONAL, and to nothing else",
        ),
        (
            '{ material = "M-ID" }',
            CONDITIONAL.replace("housing", "home"),
            "material M-LEASE: when asks for home, which the form does not have",
        ),
        ('{ material = "M-ID" }', '{ material = "M-ID", copy = 1 }', "materials.0.copy: Unexpected keyword argument"),
        ('{ material = "M-ID" }', '{ material = "M-ID" }, { material = "M-ID" }', "material M-ID is asked for twice"),
    ],
)
def test_a_fault_of_an_item_is_told_with_its_line(old: str, new: str, reason: str) -> None:
    assert old in ITEM
    (said,) = reasons(head=HEAD, items=ITEM.replace(old, new, 1))
    assert said.startswith(PLACE + reason)


def test_a_line_is_the_rows_own() -> None:
    """The second item's fault is not told of the first."""
    text = HEAD + ITEM + ITEM.replace("TT-001", "TT-002").replace("promised_days = 5", "promised_days = -5")
    (said,) = reasons(all=text)
    line = text.splitlines().index('code = "TT-002"') + 1
    assert said.startswith(f"all.toml:{line}: TT-002: promised_days")


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({}, "?:1: expected one [department] table, found 0"),
        ({"items": ITEM}, "items.toml:1: expected one [department] table, found 0"),
        ({"a": HEAD, "b": HEAD}, "a.toml:1: expected one [department] table, found 2"),
        ({"head": HEAD, "items": ITEM, "more": ITEM}, "more.toml:3: TT-001 is defined twice"),
        ({"head": HEAD, "more": '[[item]]\ncode = "X"'}, "more.toml:1: unknown table [item]; known are department"),
        ({"head": HEAD.replace('name = "试验"\n', "")}, "head.toml:3: department: name: Field required"),
        ({"head": HEAD.replace("name_en", "nameEn")}, "head.toml:3: department: name_en: Field required"),
        ({"head": HEAD, "x": "[[items]\ncode = 1"}, "x.toml:1: "),
        ({"head": HEAD, "x": "\n\na = [1,"}, "x.toml:"),
        ({"head": HEAD, "m": '[[materials]]\ncode = "M-1"\nname = "证"'}, "m.toml:2: M-1: issuer: Field required"),
        ({"head": HEAD, "m": '[[materials]]\nname = "证"'}, "m.toml:1: ?: code: Field required"),
        ({"head": HEAD, "items": "items = 3"}, "items.toml:1: items: expected a list of tables"),
        ({"head": HEAD, "items": "items = [3]"}, "items.toml:1: items: expected a list of tables"),
        ({"head": HEAD, "materials": "materials = {}"}, "materials.toml:1: materials: expected a list of tables"),
        ({"head": "department = 1"}, "head.toml:1: department: expected a table"),
    ],
)
def test_a_fault_of_a_file_is_told_with_its_line(texts: dict[str, str], reason: str) -> None:
    said = reasons(**texts)
    assert said[0].startswith(reason), said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('[{ material = "M-ID" }]', "3"),
        ('[{ material = "M-ID" }]', "[3]"),
        ('[{ material = "M-ID" }]', '[{ material = "M-ID", when = 3 }]'),
        ('sample = { form = { housing = "RENTED" } }', "sample = 3"),
        ('sample = { form = { housing = "RENTED" } }', "sample = { form = 3 }"),
        ('[items.form]\nrequired = ["housing"]\nproperties', "form = 3\nx"),
        ('code = "TT-001"', "code = 3"),
    ],
)
def test_a_value_of_another_kind_is_a_fault_and_no_error(old: str, new: str) -> None:
    assert old in ITEM
    text = ITEM.replace(old, new)
    tomllib.loads(text)
    assert all(reason.startswith("items.toml:") for reason in reasons(head=HEAD, items=text))


def test_all_faults_of_all_files_are_told_at_once() -> None:
    said = reasons(
        broken="=",
        items=ITEM.replace("promised_days = 5", "promised_days = -5").replace('themes = ["试验"]', "themes = []"),
        more=ITEM.replace("TT-001", "TT-002").replace('mode = "DIRECT"', 'mode = "X"'),
    )
    assert [reason.partition(": ")[0] for reason in said] == [
        "broken.toml:1",
        "items.toml:3",
        "items.toml:3",
        "more.toml:3",
        "broken.toml:1",
    ]


def test_a_package_without_data_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"tongban\.contract/data:1: there is no such folder"):
        read_department("tongban.contract")


def test_every_department_that_ships_was_read_this_way(registry: Registry) -> None:
    for plugin in registry.plugins:
        assert read_department(f"tongban_{plugin.name}") == plugin.department
