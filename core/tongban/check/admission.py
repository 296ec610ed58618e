"""The tongban check: whether an item may be admitted. Pure: no database, no network, no registry.

It runs a department's own rules, so it belongs into a process whose time and memory somebody limits.
"""

from collections.abc import Callable
from time import perf_counter

from tongban.check.applications import Applications
from tongban.check.chain import Chain
from tongban.check.city import City
from tongban.check.court import LONGEST_CALL, Court, Judge, ModeOf
from tongban.check.report import Finding, Report, Verdict
from tongban.check.rules.all_at_once import all_at_once
from tongban.check.rules.asked_twice import nothing_asked_twice
from tongban.check.rules.chain_closed import chain_closed
from tongban.check.rules.guide_complete import guide_complete
from tongban.check.rules.mode_from_barriers import derived_mode, mode_from_barriers
from tongban.check.rules.routing_decided import routing_decided
from tongban.check.rules.same_verdict import same_verdict
from tongban.check.rules.well_behaved import well_behaved
from tongban.check.trial import FULL, Effort, Trial
from tongban.contract.items import ItemDefinition


def check(
    item: ItemDefinition,
    judge: Judge,
    mode_of: ModeOf,
    city: City,
    chain: Chain,
    *,
    effort: Effort = FULL,
    drilled: Finding | None = None,
    limit: float = LONGEST_CALL,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Puts one item to every rule. Whatever `judge` and `mode_of` do, the report says it, unless they end the process.

    `drilled` is what the caller's dry run found; `limit` the seconds that one answer may take; `progress` is told how
    many of how many steps are done. The report is the same, but for its seconds, wherever the same modules are loaded.
    """
    began = perf_counter()
    total = effort.seeded + effort.explored + 1
    court = Court(judge, mode_of, limit, effort.seconds)
    trial = Trial(item, city, court, Applications.of(item, city, chain), effort)
    with court.session():
        trial.run(lambda done: progress(min(done, total - 1), total))
        verdict, at_once = same_verdict(trial), all_at_once(trial)
    others = [
        nothing_asked_twice(item),
        at_once,
        chain_closed(item, chain),
        guide_complete(item),
        well_behaved(trial, limit),
        routing_decided(item, city),
    ]
    found = [finding.barrier for finding in (verdict, *others) if finding.barrier is not None]
    barriers = tuple(dict.fromkeys((*item.barriers, *found)))
    findings = (verdict, mode_from_barriers(trial, barriers), *others, *([] if drilled is None else [drilled]))
    progress(total, total)
    return Report(
        item=item.code,
        passed=all(finding.verdict is not Verdict.FAIL for finding in findings),
        mode=derived_mode(barriers),
        barriers=barriers,
        findings=findings,
        applications_tried=trial.tried,
        centers_tried=len(trial.centers_met),
        seconds=perf_counter() - began,
    )
