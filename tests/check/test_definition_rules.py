"""What is read off the definition alone: nothing asked twice, chain closed, guide complete, routing decided."""

from dataclasses import replace
from typing import Any

import pytest

from check_support import CHAIN, FORM, GUIDE, checked, failed, of_rule, shipped_city
from tongban.check import CenterFacts, Chain, City, DivisionFacts, MaterialFacts, Verdict
from tongban.contract.items import (
    Audience,
    Barrier,
    MaterialRequirement,
    Necessity,
    ProcessingMode,
    RoutingBasis,
)
from tongban.testing import A_DAY

TEXT: dict[str, Any] = {"type": "string"}


def with_field(name: str, **field: Any) -> dict[str, Any]:
    return {**FORM, "properties": {**FORM["properties"], name: field}}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("fullName", {"title": "姓名", **TEXT}),
        ("who", {"title": "申请人姓名", **TEXT}),
        ("who", {"title": "Your full name", **TEXT}),
        ("applicantName", {"title": "申请人", **TEXT}),
        ("code", {"title": "身份证号码", **TEXT}),
        ("code", {"title": "证件号码", **TEXT}),
        ("idNumber", {"title": "号码", **TEXT}),
        ("code", {"title": "编号", "type": "string", "pattern": "^[1-9][0-9]{16}[0-9X]$"}),
        ("day", {"title": "出生日期", "type": "string", "format": "date"}),
        ("day", {"title": "您的生日", "type": "string", "format": "date"}),
        ("birthDate", {"title": "日期", "type": "string", "format": "date"}),
        ("years", {"title": "年龄", "type": "integer"}),
        ("kind", {"title": "性别", "oneOf": [{"const": "1", "title": "男"}, {"const": "2", "title": "女"}]}),
        ("kind", {"title": "类别", "enum": ["MALE", "FEMALE"]}),
        ("kind", {"title": "类别", "oneOf": [{"const": "1", "title": "男"}, {"const": "2", "title": "女"}]}),
        ("place", {"title": "户籍所在街道", **TEXT}),
        ("place", {"title": "户口地址", **TEXT}),
        ("isLocal", {"title": "是否本市户籍", "type": "boolean"}),
        ("place", {"title": "现住址", **TEXT}),
        ("address", {"title": "详细信息", **TEXT}),
        ("call", {"title": "手机号码", **TEXT}),
        ("call", {"title": "联系方式", **TEXT}),
        ("code", {"title": "号码", "type": "string", "pattern": r"^1[3-9]\d{9}$"}),
        ("code", {"title": "居住证编号", **TEXT}),
        ("country", {"title": "国籍", **TEXT}),
        ("details", {"title": "基本信息", "type": "object", "properties": {"xm": {"title": "姓名", **TEXT}}}),
        (
            "rows",
            {"title": "情况", "type": "array", "items": {"type": "object", "properties": {"p": {"title": "电话"}}}},
        ),
    ],
)
def test_what_the_record_answers_is_not_asked_again(name: str, field: dict[str, Any]) -> None:
    report = checked(form=with_field(name, **field))

    found = of_rule(report, "nothing-asked-twice")
    assert found.verdict is Verdict.FAIL
    assert found.example is not None
    assert found.example["field"][0] == name
    assert failed(report) == {"nothing-asked-twice"}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("childName", {"title": "孩子姓名", **TEXT}),
        ("spouseNumber", {"title": "配偶身份证号码", "type": "string", "pattern": "^[0-9]{17}[0-9X]$"}),
        ("day", {"title": "被鉴定人出生日期", "type": "string", "format": "date"}),
        ("childSex", {"title": "孩子性别", "enum": ["MALE", "FEMALE"]}),
        ("agentPhone", {"title": "代理人电话", **TEXT}),
        ("deceasedName", {"title": "死者姓名", **TEXT}),
        ("employerAddress", {"title": "单位地址", **TEXT}),
        ("call", {"title": "紧急联系人电话", **TEXT}),
        ("newAddress", {"title": "变更后的地址", **TEXT}),
        ("destination", {"title": "迁往地址", **TEXT}),
        ("eventOn", {"title": "意外发生日期", "type": "string", "format": "date"}),
        ("creditCode", {"title": "统一社会信用代码", "type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"}),
        ("account", {"title": "银行账号", "type": "string", "pattern": "^[0-9]{10,30}$"}),
        ("account", {"title": "账号", "type": "string", "pattern": "^[0-9]{10,30}$"}),
        ("hospital", {"title": "就诊医院全称", **TEXT}),
        ("permitKind", {"title": "居住证种类", **TEXT}),
        ("booklet", {"title": "户口簿页数", "type": "integer"}),
        ("stage", {"title": "所处阶段", **TEXT}),
        (
            "child",
            {"title": "子女信息", "type": "object", "properties": {"name": {"title": "姓名", **TEXT}}},
        ),
    ],
)
def test_somebody_else_or_something_new_may_be_asked(name: str, field: dict[str, Any]) -> None:
    assert failed(checked(form=with_field(name, **field))) == set()


def test_a_field_asked_only_on_a_condition_counts_too() -> None:
    condition = {"if": {"required": ["ground"]}, "then": {"properties": {"phone": {"title": "联系电话", **TEXT}}}}

    assert failed(checked(form={**FORM, "allOf": [condition]})) == {"nothing-asked-twice"}


def asking(*codes: str, necessity: Necessity = Necessity.ALWAYS) -> tuple[MaterialRequirement, ...]:
    return tuple(MaterialRequirement(material=code, necessity=necessity) for code in codes)


def chain(*materials: MaterialFacts, **needs: tuple[str, ...]) -> Chain:
    known = {"M-ID": MaterialFacts("M-ID", "公安")} | {material.code: material for material in materials}
    asked = {code.replace("_", "-"): codes for code, codes in needs.items()}
    return Chain(known, frozenset({"CS-001", *asked}), asked)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (chain(), "Material M-CARE is defined nowhere"),
        (chain(MaterialFacts("M-CARE", " ")), "Material M-CARE has no issuer"),
        (chain(MaterialFacts("M-CARE", "医院", "CS-009")), "M-CARE is the result of CS-009, an item neither in force"),
    ],
)
def test_every_material_can_be_had(broken: Chain, words: str) -> None:
    report = checked(chain=broken)

    assert words in of_rule(report, "chain-closed").evidence_en
    assert failed(report) == {"chain-closed"}


def test_a_material_may_come_from_an_item_proposed_in_the_same_round() -> None:
    assert checked(chain=chain(MaterialFacts("M-CARE", "医院", "CS-002"), CS_002=("M-ID",))).passed


def test_an_item_that_asks_for_its_own_result_is_the_smallest_circle() -> None:
    own = chain(MaterialFacts("M-CARE", "民政", "CS-001"))

    found = of_rule(checked(chain=own), "chain-closed")

    assert found.verdict is Verdict.FAIL
    assert found.example == {"circle": ["CS-001", "M-CARE", "CS-001"]}


def test_of_two_circles_the_smaller_one_is_shown() -> None:
    materials = [
        MaterialFacts("M-CARE", "民政", "CS-002"),
        MaterialFacts("M-A", "民政", "CS-003"),
        MaterialFacts("M-B", "民政", "CS-004"),
        MaterialFacts("M-C", "民政", "CS-002"),
        MaterialFacts("M-D", "民政", "CS-005"),
        MaterialFacts("M-E", "民政", "CS-003"),
    ]
    long_and_short = chain(*materials, CS_002=("M-A",), CS_003=("M-B", "M-D"), CS_004=("M-C",), CS_005=("M-E",))

    found = of_rule(checked(chain=long_and_short), "chain-closed")

    assert found.example == {"circle": ["CS-003", "M-D", "CS-005", "M-E", "CS-003"]}


def test_a_circle_is_closed_by_no_material_that_only_replaces_a_lost_one() -> None:
    lost = chain(MaterialFacts("M-CARE", "民政", "CS-001", "only when the certificate is lost"))

    assert checked(chain=lost).passed


def test_what_may_be_handed_in_later_closes_no_circle() -> None:
    own = chain(MaterialFacts("M-CARE", "民政", "CS-001"))

    assert checked(chain=own, materials=asking("M-CARE", necessity=Necessity.DEFERRABLE)).passed


def test_what_the_definition_itself_asks_for_counts_not_what_is_in_force() -> None:
    old = Chain(CHAIN.materials, CHAIN.items, {**CHAIN.needs, "CS-002": ("M-NEW",)})
    materials = {**CHAIN.materials, "M-NEW": MaterialFacts("M-NEW", "民政", "CS-001")}
    circle = Chain(materials, old.items, old.needs)

    assert failed(checked(chain=circle)) == {"chain-closed"}
    assert checked(chain=circle, materials=asking("M-ID")).passed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"guide": replace(GUIDE, summary="")}, 'summary says nothing: ""'),
        ({"guide": replace(GUIDE, summary="见办事窗口")}, "summary says nothing"),
        ({"guide": replace(GUIDE, steps=())}, "No step"),
        ({"guide": replace(GUIDE, steps=("提交申请和材料", "TODO"))}, 'step says nothing: "TODO"'),
        ({"guide": replace(GUIDE, conditions=("待定",))}, "condition says nothing"),
        ({"guide": replace(GUIDE, result_name=" ")}, "result name says nothing"),
        ({"guide": replace(GUIDE, questions=())}, "No question"),
        ({"guide": replace(GUIDE, questions=(replace(GUIDE.questions[0], answer="略"),))}, "answer says nothing"),
        ({"guide": replace(GUIDE, fee="每人50元"), "legal_basis": ()}, "A fee without any basis"),
        ({"promised_days": -1}, "-1 days are promised"),
        ({"promised_days": 31, "statutory_days": 30}, "31 days are promised, the law allows 30"),
        ({"extra_days_for_split": 3}, "3 extra days for split acceptance, but the item is DIRECT"),
        ({"delivery_routes": ()}, "No delivery route"),
        ({"name": " "}, "No name"),
        ({"provenance": ""}, "No provenance"),
    ],
)
def test_the_guide_says_all(change: dict[str, Any], words: str) -> None:
    report = checked(**change)

    found = of_rule(report, "guide-complete")
    assert found.verdict is Verdict.FAIL
    assert words in found.evidence_en
    assert failed(report) == {"guide-complete"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"legal_basis": ()}, "No legal basis"),
        ({"guide": replace(GUIDE, fee="按规定收取工本费")}, "The basis of the fee is not named"),
        (
            {"promised_days": 0, "guide": replace(GUIDE, result_name="《照护证》（电子）")},
            "certificate: 照护证",
        ),
    ],
)
def test_a_doubt_stands_in_nobodys_way(change: dict[str, Any], words: str) -> None:
    report = checked(**change)

    found = of_rule(report, "guide-complete")
    assert found.verdict is Verdict.WARN
    assert words in found.evidence_en
    assert report.passed


def test_a_fee_with_its_basis_and_a_receipt_on_the_spot_are_no_doubts() -> None:
    guide = replace(GUIDE, fee="每人50元", fee_basis="《收费目录》第三条", result_name="登记凭证")

    assert of_rule(checked(guide=guide, promised_days=0), "guide-complete").verdict is Verdict.PASS


def test_days_on_the_limit_are_within_it() -> None:
    assert checked(promised_days=30, statutory_days=30).passed


SPLIT: dict[str, Any] = {
    "mode": ProcessingMode.SPLIT,
    "barriers": (Barrier.FIELD_VERIFICATION,),
    "routing_basis": RoutingBasis.HUKOU,
    "audiences": (Audience.HUKOU,),
}


def test_what_is_passed_on_is_not_done_on_the_spot() -> None:
    assert failed(checked(**SPLIT, extra_days_for_split=3)) == set()
    assert failed(checked(**SPLIT, promised_days=0)) == {"guide-complete"}


def test_an_exception_is_argued_and_reviewed() -> None:
    local = {**SPLIT, "mode": ProcessingMode.LOCAL_ONLY, "barriers": (Barrier.APPLICANT_CANNOT_PROVIDE,)}

    found = of_rule(checked(**local), "guide-complete")
    assert "No analysis of why it is an exception; An exception without a day of review" in found.evidence_en
    assert checked(**local, exception_analysis="逐一论证", review_on=A_DAY).passed


def test_220_divisions_are_routed_and_14_wait() -> None:
    found = of_rule(checked(**SPLIT), "routing-decided")

    assert found.verdict is Verdict.PASS
    assert found.evidence_en.startswith("220 divisions have one center each, cases of 14 wait for review")


def test_a_division_with_two_centers_is_a_guess() -> None:
    city = shipped_city()
    taken = next(division for division in city.divisions if division.center)
    double = City(city.centers, (*city.divisions, replace(taken, center="SH0151-01")))

    found = of_rule(checked(**SPLIT, city=double), "routing-decided")

    assert found.verdict is Verdict.FAIL
    assert found.example == {"division": taken.code, "centers": [taken.center, "SH0151-01"]}


def test_a_center_that_is_not_there_is_named() -> None:
    city = City(
        (CenterFacts("SH0101-01", "310101", "310101002000"),),
        (
            DivisionFacts("310101002000", "310101", "SH0101-01"),
            DivisionFacts("310101013000", "310101", "SH0101-99"),
        ),
    )

    found = of_rule(checked(city=city), "routing-decided")

    assert found.verdict is Verdict.FAIL
    assert found.example == {"division": "310101013000", "centers": ["SH0101-99"]}


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        ({"routing_basis": RoutingBasis.NONE}, Verdict.FAIL, "No routing basis"),
        ({"routing_basis": RoutingBasis.EMPLOYER}, Verdict.WARN, "every case waits for review"),
        ({"audiences": (Audience.HUKOU, Audience.RESIDENCE_PERMIT)}, Verdict.WARN, "without Shanghai hukou"),
        ({"routing_basis": RoutingBasis.RESIDENCE}, Verdict.PASS, "220 divisions"),
    ],
)
def test_each_basis_of_routing(change: dict[str, Any], verdict: Verdict, words: str) -> None:
    found = of_rule(checked(**{**SPLIT, **change}), "routing-decided")

    assert found.verdict is verdict
    assert words in found.evidence_en
