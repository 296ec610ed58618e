"""Every street has exactly one handling center, or its cases wait for a person: never a guess (S27, S31)."""

from collections import defaultdict

from tongban.check.city import City
from tongban.check.report import Finding
from tongban.check.titles import Words, graded
from tongban.contract.items import Audience, ItemDefinition, ProcessingMode, RoutingBasis


def routing_decided(item: ItemDefinition, city: City) -> Finding:
    """For every street of today and every former code: one center that exists, or none, and then the case waits."""
    fails: list[Words] = []
    warns: list[Words] = []
    routed: dict[str, set[str]] = defaultdict(set)
    for division in city.divisions:
        routed[division.code].update([] if division.center is None else [division.center])
    known = {center.code for center in city.centers}
    example = None
    for code, centers in sorted(routed.items()):
        if len(centers) > 1:
            named = ", ".join(sorted(centers))
            fails.append((f"街镇{code}对应多个受理中心：{named}", f"Division {code} has several centers: {named}"))
            example = example or {"division": code, "centers": sorted(centers)}
        for center in sorted(centers - known):
            fails.append(
                (f"街镇{code}对应的{center}不存在", f"Division {code} names {center}, which is no main center")
            )
            example = example or {"division": code, "centers": [center]}
    if item.mode is ProcessingMode.DIRECT:
        passes: Words = ("由收件中心直接办理，无须流转", "Done where it is received; nothing is routed")
        return graded("routing-decided", fails, warns, passes, example=example)
    if item.routing_basis is RoutingBasis.NONE:
        fails.append(("没有流转依据，无法确定办理中心", "No routing basis, so nobody knows the handling center"))
    if item.routing_basis is RoutingBasis.EMPLOYER:
        warns.append(
            ("单位所在地未登记，全部待人工核定", "No employer's place is on record: every case waits for review")
        )
    if item.routing_basis is RoutingBasis.HUKOU and set(item.audiences) - {Audience.HUKOU}:
        warns.append(
            (
                "面向非本市户籍人员，却按户籍流转，这些办件须待人工核定",
                "Open to people without Shanghai hukou but routed by hukou: their cases wait for review",
            )
        )
    today = {division.code for division in city.divisions if division.current}
    waiting = sum(1 for code in today if not routed[code])
    former = len(routed) - len(today)
    passes = (
        f"{len(today) - waiting}个街镇各对应一个受理中心，{waiting}个未对应的待人工核定；另有{former}个旧代码",
        f"{len(today) - waiting} divisions have one center each, cases of {waiting} wait for review; "
        f"{former} former codes besides",
    )
    return graded("routing-decided", fails, warns, passes, example=example)
