"""Who mends everything that was said is done: the rules name all problems in one answer (S36, 一次性告知).

From an accepted application, one thing at a time is changed: a field, a material, a fact of the applicant. Some changes
bring a problem. For two problems that depend on different things, both changes together must bring both problems.

What a problem depends on is tried out too: everything whose change, and nothing else, makes it go away without a new
one. Two problems that depend on a common thing may rule each other out (a lease that is too long does not end before
it starts), and nothing is said of them.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

from tongban.check.applications import years_before
from tongban.check.court import Closed, Key
from tongban.check.draws import SeededDraw
from tongban.check.examples import application_as_data, keys_as_data
from tongban.check.forms import edges_of
from tongban.check.report import Finding, Verdict
from tongban.check.titles import finding
from tongban.check.trial import Trial
from tongban.contract.applications import Application, Sex

RULE = "all-at-once"
ABSENT = object()
AGES = (0, 10, 17, 24, 30, 45, 52, 57, 62, 67, 75, 85)
Facet = tuple[str, str]
"""One thing that can be changed alone: a `form` field, a `material`, a `certificate` on file, an `applicant` fact."""


@dataclass(frozen=True)
class Change:
    """One facet set to one value."""

    facet: Facet
    value: Any

    def on(self, application: Application) -> Application:
        """The application with this change."""
        kind, name = self.facet
        if kind == "form":
            form = {key: value for key, value in application.form.items() if key != name}
            return replace(application, form=form if self.value is ABSENT else {**form, name: self.value})
        if kind == "material":
            return replace(application, materials=application.materials ^ {name})
        applicant = application.applicant
        if kind == "certificate":
            return replace(application, applicant=replace(applicant, certificates=applicant.certificates ^ {name}))
        return replace(application, applicant=replace(applicant, **{name: self.value}))


@dataclass
class Seen:
    """What single changes of one accepted application showed."""

    base: Application
    changes: list[Change]
    causes: dict[Key, list[Change]] = field(default_factory=lambda: defaultdict(list))
    depends_on: dict[Key, set[Facet]] = field(default_factory=lambda: defaultdict(set))


def all_at_once(trial: Trial) -> Finding:
    """No problem hides another one that it has nothing to do with."""
    hung = ("规则超时，无法判断，见well-behaved", "Can't be decided, the rules hang: see well-behaved")
    if trial.court.hung_on is not None:
        return finding(RULE, Verdict.FAIL, hung)
    pairs = 0
    problems: set[Key] = set()
    try:
        bases = trial.accepted(1 if not trial.effort.explored else 6)
        for base in bases:
            seen = _single_changes(trial, base)
            problems |= seen.causes.keys()
            for one, other in combinations(sorted(seen.causes, key=repr), 2):
                if seen.depends_on[one] & seen.depends_on[other]:
                    continue
                pairs += 1
                if (hidden := _hidden(trial, seen, one, other)) is not None:
                    return hidden
    except Closed:
        return finding(RULE, Verdict.FAIL, hung)
    if not bases:
        words = ("没有一份生成的申请能被接受，无法判断", "No application was accepted, so it could not be tried")
        return finding(RULE, Verdict.WARN, words)
    passes = (
        f"{len(problems)}种问题中互不相关的{pairs}对，同时出现时均一次告知；缺少的材料由系统一并告知",
        f"{len(problems)} kinds of problems; {pairs} pairs of unrelated ones came together in one answer; missing "
        "materials are all named by the core",
    )
    return finding(RULE, Verdict.PASS, passes)


def _single_changes(trial: Trial, base: Application) -> Seen:
    """Tries each change alone; then, for each problem that came up, which other changes make it go away."""
    seen = Seen(base, _changes(trial, base))
    for change in seen.changes:
        answer = trial.ask(change.on(base))
        for key in answer.told:
            seen.causes[key].append(change)
    for key, causes in seen.causes.items():
        for cause in causes[: trial.effort.variants]:
            seen.depends_on[key].add(cause.facet)
            with_problem = cause.on(base)
            before = trial.ask(with_problem).told
            for change in seen.changes:
                if change.facet in seen.depends_on[key]:
                    continue
                after = trial.ask(change.on(with_problem)).told
                if after < before and key not in after:
                    seen.depends_on[key].add(change.facet)
    return seen


def _hidden(trial: Trial, seen: Seen, one: Key, other: Key) -> Finding | None:
    """The finding, where two unrelated problems never came together, whatever was tried."""
    if any({one, other} <= keys for keys in trial.together):
        return None
    few = trial.effort.variants
    example: dict[str, Any] | None = None
    for first, second in product(seen.causes[one][:few], seen.causes[other][:few]):
        if first.facet == second.facet:
            continue
        both = second.on(first.on(seen.base))
        keys = trial.ask(both).told
        fixed = {first.facet, second.facet}
        if {one, other} <= keys or _rules_it_out(trial, seen, both, keys, {one, other} - keys, fixed):
            return None
        cases = ((one, first, second.facet), (other, second, first.facet))
        if any(key not in keys and not _survives(trial, seen, key, cause, facet) for key, cause, facet in cases):
            return None
        if example is None:
            example = {
                "application": application_as_data(both),
                "changed": [list(first.facet), list(second.facet)],
                "expected": keys_as_data((one, other)),
                "answered": keys_as_data(keys),
            }
    if example is None:
        return None
    words = (
        f"分别出现的两个问题（{_name(one)}、{_name(other)}）同时存在时，只告知其中一部分",
        f"Two problems that come up alone ({_name(one)}, {_name(other)}) are not both told when both are there",
    )
    return finding(RULE, Verdict.FAIL, words, example=example)


def _survives(trial: Trial, seen: Seen, key: Key, cause: Change, facet: Facet) -> bool:
    """Whether the problem stays with some other value of the facet; taken for granted where there is only one.

    Else it depends on the facet, and only the new problems that each other value brings have kept that from view.
    """
    with_problem = cause.on(seen.base)
    others = [change for change in seen.changes if change.facet == facet]
    return len(others) == 1 or any(key in trial.ask(change.on(with_problem)).told for change in others)


def _rules_it_out(
    trial: Trial, seen: Seen, both: Application, told: frozenset[Key], missing: set[Key], fixed: set[Facet]
) -> bool:
    """Whether the missing problem is truly absent: when what was told is mended by a third thing, it stays away.

    In a department that stops at the first problem, the missing one comes up then.
    """
    mended = False
    fixed = fixed.union(*(seen.depends_on[key] for key in missing))
    for change in seen.changes:
        if change.facet in fixed:
            continue
        after = trial.ask(change.on(both)).told
        if missing <= after:
            return False
        mended = mended or after < told
    return mended


def _name(key: Key) -> str:
    return key[1] or key[0]


def _changes(trial: Trial, base: Application) -> list[Change]:
    """Single changes of an application, the same each time."""
    draw, made, few = SeededDraw(1), trial.applications, trial.effort.variants
    day, applicant = base.received_on, base.applicant
    properties = trial.item.form.get("properties", {})
    found: list[Change] = []
    for name, make in made.plan.fields.items():
        values = [*edges_of(properties.get(name), day), *(make(draw, day) for _ in range(few))]
        found += [Change(("form", name), value) for value in _different(values, base.form.get(name))]
        if name in base.form:
            found.append(Change(("form", name), ABSENT))
    found += [Change(("material", need.material), None) for need in trial.item.materials]
    found += [Change(("certificate", code), None) for code in made.certificates]
    facts: dict[str, list[Any]] = {
        "birth_date": [years_before(day, age) for age in AGES],
        "sex": list(Sex),
        "hukou": [None, *(made.hukou(draw, day) for _ in range(2 * few))],
        "permit": [None, *(made.permit(draw, day) for _ in range(2 * few))],
        "residence_division": [None, *(made.residence(draw, applicant.hukou) for _ in range(few))],
    }
    for name, values in facts.items():
        found += [Change(("applicant", name), value) for value in _different(values, getattr(applicant, name))]
    return found


def _different(values: list[Any], present: Any) -> list[Any]:
    """The values without repetitions and without the present one."""
    kept: list[Any] = []
    for value in values:
        if value != present and value not in kept:
            kept.append(value)
    return kept
