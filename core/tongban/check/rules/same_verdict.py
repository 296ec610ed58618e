"""The same application is judged alike wherever it is handed in, and wherever in the city the hukou is (S21, S40)."""

from tongban.check.court import Closed, Fault
from tongban.check.examples import answer_as_data, application_as_data
from tongban.check.report import Finding, Verdict
from tongban.check.titles import Words, finding
from tongban.check.trial import Sign, Trial
from tongban.contract.items import Barrier

RULE = "same-verdict"


def same_verdict(trial: Trial) -> Finding:
    """Problems and mode, from which the due day follows, don't depend on the receiving center, nor on the district.

    A LOCAL_ONLY item whose barriers say that districts differ may depend on the district of the hukou.
    """
    centers, districts = len(trial.centers_met), len(trial.city.streets)
    looked: Words = (
        f"{trial.tried}份生成的申请在{centers}个受理中心、户籍分别在{districts}个区，问题、受理方式和由此确定的期限均相同；"
        "所需材料只由申请表决定",
        f"{trial.tried} generated applications, {centers} receiving centers, hukou in {districts} districts: the same "
        "problems and mode, and so the same due day; materials follow from the form alone",
    )
    if trial.court.hung_on is not None:
        return finding(
            RULE,
            Verdict.FAIL,
            ("规则超时，无法比较，见well-behaved", "Not comparable, the rules hang: see well-behaved"),
        )
    try:
        if (sign := trial.signs.get(Fault.CENTER)) is not None:
            return _by_center(trial, sign)
        if (sign := trial.signs.get(Fault.DISTRICT)) is not None:
            return _by_district(trial, sign)
    except Closed:
        return finding(
            RULE,
            Verdict.FAIL,
            ("规则超时，无法比较，见well-behaved", "Not comparable, the rules hang: see well-behaved"),
        )
    if not trial.by_district:
        looked = (
            f"{trial.tried}份生成的申请在{centers}个受理中心，问题、受理方式和由此确定的期限均相同；"
            "本事项不面向本市户籍，未比较户籍所在区",
            f"{trial.tried} generated applications, {centers} receiving centers: the same problems and mode, and so "
            "the same due day; not open to Shanghai hukou, so districts of hukou were not compared",
        )
    return finding(RULE, Verdict.PASS, looked)


def _by_center(trial: Trial, sign: Sign) -> Finding:
    """The receiving center matters: never allowed. Where whole districts differ, it is a standard of districts."""
    other = sign.other or sign.application
    barrier = Barrier.DIVERGENT_DISTRICT_STANDARD if trial.district_standards(sign.application) else None
    here, there = sign.application.center.code, other.center.code
    words: Words = (
        f"同一份申请在{here}和{there}受理，结论不同" + ("（各区标准不一）" if barrier else ""),
        f"One application is judged otherwise at {here} than at {there}"
        + (" (each district has a standard of its own)" if barrier else ""),
    )
    example = {
        "application": {name: part for name, part in application_as_data(sign.application).items() if name != "center"},
        here: answer_as_data(trial.ask(sign.application)),
        there: answer_as_data(trial.ask(other)),
    }
    return finding(RULE, Verdict.FAIL, words, barrier=barrier, example=example)


def _by_district(trial: Trial, sign: Sign) -> Finding:
    """The district of the hukou matters: a reason for LOCAL_ONLY, no way to be judged at any center."""
    if trial.districts_may_differ:
        words: Words = (
            f"{trial.tried}份生成的申请在{len(trial.centers_met)}个受理中心结论相同；结论随户籍所在区而不同，与所列障碍相符",
            f"{trial.tried} generated applications are judged alike at {len(trial.centers_met)} receiving centers; the "
            "district of the hukou matters, as the barriers say",
        )
        return finding(RULE, Verdict.PASS, words)
    other = sign.other or sign.application
    example = {
        "application": application_as_data(sign.application),
        "movedTo": application_as_data(other)["applicant"],
        "before": answer_as_data(trial.ask(sign.application)),
        "after": answer_as_data(trial.ask(other)),
    }
    words = (
        "同一份申请，仅户籍（或居住地）所在区不同，结论不同",
        "One application is judged otherwise when only the district of the hukou (or residence) changes",
    )
    return finding(RULE, Verdict.FAIL, words, barrier=Barrier.DIVERGENT_DISTRICT_STANDARD, example=example)
