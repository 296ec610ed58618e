"""The same verdict everywhere: what looks at the center or the district is found and made small."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_support import REFUSED, THOROUGH, also, checked, failed, of_rule, shipped_city
from tongban.check import QUICK, City, Verdict
from tongban.contract.applications import Applicant, Application, Hukou, ReceivingCenter
from tongban.contract.items import Audience, Barrier, ProcessingMode, RoutingBasis
from tongban.contract.problems import ProblemCode
from tongban.testing import A_DAY

EFFORTS = pytest.mark.parametrize("effort", [QUICK, THOROUGH], ids=["quick", "full"])
LOCAL: dict[str, Any] = {
    "mode": ProcessingMode.LOCAL_ONLY,
    "routing_basis": RoutingBasis.HUKOU,
    "exception_analysis": "各区分批受理",
    "review_on": A_DAY,
}


def hukou_in(*districts: str) -> Callable[[Application], bool]:
    return lambda application: (
        application.applicant.hukou is not None and application.applicant.hukou.division_code[:6] in districts
    )


@EFFORTS
def test_a_rule_of_one_receiving_district_is_shrunk_to_an_empty_application_and_two_centers(effort: object) -> None:
    report = checked(also(lambda application: application.center.district == "310114"), effort=effort)

    found = of_rule(report, "same-verdict")
    assert found.verdict is Verdict.FAIL
    assert found.barrier is Barrier.DIVERGENT_DISTRICT_STANDARD
    assert found.example is not None
    assert found.example["application"] == {"receivedOn": "2026-11-24"}
    here, there = (name for name in found.example if name != "application")
    assert [here[:6], there[:6]] == ["SH0101", "SH0114"]
    assert found.example[here] == {"problems": []}
    assert [problem["detail"] for problem in found.example[there]["problems"]] == ["care.refused"]
    assert report.barriers == (Barrier.DIVERGENT_DISTRICT_STANDARD,)
    assert report.mode is ProcessingMode.LOCAL_ONLY
    assert failed(report) == {"same-verdict", "mode-from-barriers"}


@EFFORTS
@pytest.mark.parametrize("code", ["SH0101-01", "SH0114-05", "SH0151-18"])
def test_a_rule_of_a_single_center_is_no_standard_of_a_district(effort: object, code: str) -> None:
    report = checked(also(lambda application: application.center.code == code), effort=effort)

    found = of_rule(report, "same-verdict")
    assert found.verdict is Verdict.FAIL
    assert found.barrier is None
    assert code in (found.example or {})
    assert failed(report) == {"same-verdict"}


def test_a_rule_that_is_seldom_asked_is_found_in_full_and_shrunk_to_what_it_looks_at() -> None:
    def seldom(application: Application) -> bool:
        hours = application.form.get("hours")
        wanted = application.form.get("ground") == "AGE" and isinstance(hours, int) and hours > 90
        return wanted and application.applicant.sex == "MALE" and application.center.district == "310117"

    report = checked(also(seldom), effort=THOROUGH)

    found = of_rule(report, "same-verdict")
    assert found.verdict is Verdict.FAIL
    assert found.example is not None
    smallest = found.example["application"]
    assert smallest["form"].keys() == {"ground", "hours"}
    assert smallest["applicant"] == {"sex": "MALE"}
    assert "materials" not in smallest


@EFFORTS
@pytest.mark.parametrize("mode", [ProcessingMode.DIRECT, ProcessingMode.SPLIT])
def test_a_rule_of_the_hukous_district_is_a_divergent_standard(effort: object, mode: ProcessingMode) -> None:
    split: dict[str, Any] = {
        "mode": mode,
        "audiences": (Audience.HUKOU,),
        "routing_basis": RoutingBasis.HUKOU,
        "barriers": (Barrier.FIELD_VERIFICATION,) if mode is ProcessingMode.SPLIT else (),
    }

    report = checked(also(hukou_in("310115", "310117")), effort=effort, **split)

    found = of_rule(report, "same-verdict")
    assert (found.verdict, found.barrier) == (Verdict.FAIL, Barrier.DIVERGENT_DISTRICT_STANDARD)
    assert found.example is not None
    assert found.example["application"].keys() == {"applicant", "receivedOn", "center"}
    assert found.example["application"]["applicant"].keys() == {"hukou"}
    assert found.example["before"] != found.example["after"]
    assert report.mode is ProcessingMode.LOCAL_ONLY
    assert failed(report) == {"same-verdict", "mode-from-barriers"}


def test_a_local_only_item_may_follow_the_hukous_district_where_its_barriers_say_so() -> None:
    for barrier in (
        Barrier.DISTRICT_BATCH_WINDOWS,
        Barrier.DISTRICT_VARIANT_AMOUNT,
        Barrier.DIVERGENT_DISTRICT_STANDARD,
    ):
        report = checked(also(hukou_in("310115")), barriers=(barrier,), audiences=(Audience.HUKOU,), **LOCAL)
        assert failed(report) == set()
        assert "as the barriers say" in of_rule(report, "same-verdict").evidence_en

    hidden = checked(also(hukou_in("310115")), barriers=(Barrier.APPLICANT_CANNOT_PROVIDE,), **LOCAL)
    assert failed(hidden) == {"same-verdict"}
    assert hidden.barriers == (Barrier.APPLICANT_CANNOT_PROVIDE, Barrier.DIVERGENT_DISTRICT_STANDARD)


def test_not_even_a_local_only_item_may_look_at_the_receiving_center() -> None:
    barriers = (Barrier.DISTRICT_BATCH_WINDOWS,)

    report = checked(also(lambda application: application.center.district > "310112"), barriers=barriers, **LOCAL)

    assert failed(report) == {"same-verdict"}


def test_a_rule_of_the_residences_district_is_seen_where_no_hukou_is_known() -> None:
    def rule(application: Application) -> bool:
        applicant = application.applicant
        return applicant.hukou is None and (applicant.residence_division or "").startswith("310118")

    assert failed(checked(also(rule), effort=THOROUGH)) == {"same-verdict", "mode-from-barriers"}


def test_living_away_from_the_hukou_is_no_matter_of_place() -> None:
    def away(application: Application) -> bool:
        applicant = application.applicant
        return applicant.hukou is not None and applicant.hukou.division_code != applicant.residence_division

    def abroad(application: Application) -> bool:
        applicant = application.applicant
        places = (applicant.hukou.division_code if applicant.hukou else "", applicant.residence_division or "")
        districts = [shipped_city().district_of.get(place) for place in places]
        return None not in districts and districts[0] != districts[1]

    assert failed(checked(also(away), effort=THOROUGH)) == set()
    assert failed(checked(also(abroad), effort=THOROUGH)) == set()


def test_outside_shanghai_no_district_is_compared() -> None:
    report = checked(also(hukou_in("310115")), effort=THOROUGH, audiences=(Audience.RESIDENCE_PERMIT,))

    assert "not open to Shanghai hukou" in of_rule(report, "same-verdict").evidence_en
    assert failed(report) == set()


@pytest.mark.parametrize("part", ["code", "detail", "message", "path", "mode"])
def test_each_part_of_a_verdict_counts(part: str) -> None:
    changed = {
        "code": replace(REFUSED, code=ProblemCode.OUTSIDE_WINDOW),
        "detail": replace(REFUSED, detail="care.other"),
        "message": replace(REFUSED, message="另一句话"),
        "path": REFUSED.at("form"),
        "mode": REFUSED,
    }[part]

    def differs(application: Application) -> Any:
        return (changed if application.center.district == "310114" else REFUSED,)

    def mode_of(application: Application) -> ProcessingMode | None:
        return ProcessingMode.DIRECT if part == "mode" and application.center.district == "310114" else None

    assert "same-verdict" in failed(checked(differs, mode_of=mode_of))


def test_other_words_for_the_next_step_are_no_other_verdict() -> None:
    def judge(application: Application) -> Any:
        return (replace(REFUSED, next_step=f"请咨询{application.center.code}"),)

    assert failed(checked(judge)) == set()


PLACES = st.sampled_from([division.code for division in shipped_city().divisions])


@given(
    hukou=PLACES,
    residence=st.none() | PLACES,
    district=st.sampled_from(sorted(shipped_city().streets)),
    nth=st.integers(0, 500),
)
def test_a_move_changes_the_place_and_no_relation(hukou: str, residence: str | None, district: str, nth: int) -> None:
    city: City = shipped_city()
    before = Application(
        item="CS-001",
        applicant=Applicant(hukou=Hukou(division_code=hukou, since=A_DAY), residence_division=residence),
        center=ReceivingCenter(code="SH0101-01", district="310101"),
        received_on=A_DAY,
    )

    after = city.moved(before, district, nth).applicant

    assert after.hukou is not None
    assert city.district_of[after.hukou.division_code] == district
    assert after.hukou.since == A_DAY
    assert (after.residence_division is None) is (residence is None)
    if residence is not None and after.residence_division is not None:
        new = after.residence_division
        assert (new == after.hukou.division_code) is (residence == hukou)
        assert (city.district_of[new] == district) is (city.district_of[residence] == city.district_of[hukou])
