"""Tries many applications on one item's rules, at many centers, and keeps the first sign of each fault."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tongban.check.applications import DAYS, Applications
from tongban.check.city import City
from tongban.check.court import Answer, Closed, Court, Fault, Key, same
from tongban.contract.applications import Application, ReceivingCenter
from tongban.contract.items import Audience, Barrier, ItemDefinition, ProcessingMode

MOST_CLEAN = 40
BY_DISTRICT = {Barrier.DISTRICT_BATCH_WINDOWS, Barrier.DISTRICT_VARIANT_AMOUNT, Barrier.DIVERGENT_DISTRICT_STANDARD}
"""Barriers that say themselves that districts differ."""


class Effort(NamedTuple):
    """How much is tried: quickly made applications, those of Hypothesis, centers for each, tries to shrink a fault.

    `seconds` is what the rules may take in all.
    """

    seeded: int
    explored: int
    centers_each: int
    at_all_centers: int
    to_shrink: int
    variants: int
    seconds: float


FULL = Effort(seeded=2000, explored=1000, centers_each=20, at_all_centers=40, to_shrink=3000, variants=8, seconds=120)
"""What admission asks for."""
QUICK = Effort(seeded=36, explored=0, centers_each=7, at_all_centers=2, to_shrink=2000, variants=3, seconds=20)
"""A first look, in a few hundredths of a second."""


class Sign(NamedTuple):
    """One fault as seen: an application, where it matters a second one that is judged otherwise, and words for it."""

    fault: Fault
    application: Application
    other: Application | None = None
    words: str = ""


@dataclass
class Trial:
    """What was tried on one item's rules, and what came of it."""

    item: ItemDefinition
    city: City
    court: Court
    applications: Applications
    effort: Effort
    tried: int = 0
    centers_met: set[str] = field(default_factory=set)
    signs: dict[Fault, Sign] = field(default_factory=dict)
    clean: list[Application] = field(default_factory=list)
    """Some applications without any problem."""
    together: set[frozenset[Key]] = field(default_factory=set)
    """Problems that were seen in one answer."""

    def __post_init__(self) -> None:
        self._centers = tuple(ReceivingCenter(code=c.code, district=c.district) for c in self.city.centers)
        self._districts = tuple(self.city.streets)
        hukou = {Audience.HUKOU, Audience.ANYONE}
        self.by_district = not self.item.audiences or bool(hukou & set(self.item.audiences))
        """Whether applicants with Shanghai hukou may apply, so that the hukou's district could matter."""
        local = self.item.mode is ProcessingMode.LOCAL_ONLY
        self.districts_may_differ = local and not BY_DISTRICT.isdisjoint(self.item.barriers)
        """Whether it is admitted that districts differ."""

    def run(self, progress: Callable[[int], None]) -> None:
        """Tries applications until the effort is spent or the rules hang."""
        try:
            for application in self.applications.seeded(self.effort.seeded):
                self._try(application, progress)
            if self.effort.explored:
                self.applications.explored(self.effort.explored, lambda made: self._try(made, progress))
        except Closed:
            self._hung()
            return
        for fault in tuple(self.signs):
            self._shrink(fault)

    def ask(self, application: Application) -> Answer:
        """What the rules say; problems that come together are remembered. Raises Closed where they hang."""
        answer = self.court.ask(application)
        if len(answer.problems) > 1:
            self.together.add(answer.told)
        return answer

    def _hung(self) -> None:
        if self.court.hung_on is not None:
            one = self.court.spent < self.effort.seconds
            words = "" if one else f"{self.court.calls}"
            self.signs[Fault.HANGS] = Sign(Fault.HANGS, self.court.hung_on, words=words)

    def _try(self, application: Application, progress: Callable[[int], None]) -> None:
        n, count = self.tried, len(self._centers)
        self.tried += 1
        if n < self.effort.at_all_centers:
            centers: Sequence[ReceivingCenter] = self._centers
            districts: Sequence[str] = self._districts
        else:
            # Every center and every district has its turn many times.
            each = self.effort.centers_each
            centers = [self._centers[(n * each + step * 97) % count] for step in range(each)]
            several = max(1, each // 3)
            districts = [self._districts[(n * several + step) % len(self._districts)] for step in range(several)]
        self.centers_met.update(center.code for center in centers)
        for sign in self._signs(application, centers, districts, n):
            self.signs.setdefault(sign.fault, sign)
        progress(self.tried)

    def _signs(
        self, application: Application, centers: Sequence[ReceivingCenter], districts: Sequence[str], nth: int
    ) -> Iterator[Sign]:
        """The faults that one application shows at the centers and with the hukou in the districts."""
        form = copy.deepcopy(application.form)
        first = self.ask(application)
        if application.form != form:
            yield Sign(Fault.CHANGES_INPUT, application)
        if _accepted(first) and len(self.clean) < MOST_CLEAN:
            self.clean.append(application)
        yield from self._beside(application, first)
        if first.fault is not None:
            yield Sign(first.fault, application, words=first.reason)
        if first.mode is not None and first.mode not in self._modes():
            yield Sign(Fault.MODE, application, words=first.mode.value)
        for fault, other in self._elsewhere(application, centers, districts, nth):
            answer = self.court.ask(other)
            if answer.fault is not None and first.fault is None:
                yield Sign(answer.fault, other, words=answer.reason)
            if not same(first, answer):
                steady = same(first, self.court.ask(application)) and same(answer, self.court.ask(other))
                yield Sign(fault if steady else Fault.FLIPS, application, other)

    def _beside(self, application: Application, first: Answer) -> Iterator[Sign]:
        """What a second look at the same application shows: another answer, or deeds that rules may not do."""
        second, world, clock = self.court.watch(application)
        if not same(first, second):
            yield Sign(Fault.FLIPS, application)
        if world:
            yield Sign(Fault.WORLD, application, words=", ".join(sorted(world)[:5]))
        if clock:
            yield Sign(Fault.CLOCK, application, words=", ".join(sorted(clock)[:5]))

    def _elsewhere(
        self, application: Application, centers: Sequence[ReceivingCenter], districts: Sequence[str], nth: int
    ) -> Iterator[tuple[Fault, Application]]:
        """The same application at other centers, and from other districts; first the receiving center's turn."""
        for center in centers:
            if center is not application.center:
                yield Fault.CENTER, _at(application, center)
        applicant = application.applicant
        if applicant.has_shanghai_hukou and not self.by_district:
            return
        if applicant.has_shanghai_hukou or applicant.residence_division in self.city.district_of:
            for district in districts:
                yield Fault.DISTRICT, self.city.moved(application, district, nth)

    def _modes(self) -> tuple[ProcessingMode, ...]:
        """What a department may say of one case: the item's mode, or DIRECT where the item is SPLIT."""
        return (self.item.mode, ProcessingMode.DIRECT) if self.item.mode is ProcessingMode.SPLIT else (self.item.mode,)

    def _shrink(self, fault: Fault) -> None:
        """Replaces the first sign of a fault by the smallest one that can be found."""
        seen = self.signs[fault]
        if fault is Fault.FLIPS or (fault is Fault.DISTRICT and self.districts_may_differ):
            return
        # While shrinking, only the place that told two cases apart is looked at: the fault is there or it isn't.
        cases = [case for case in (seen.application, seen.other) if case is not None]
        centers = [case.center for case in cases if case.center is not self.applications.center]
        districts = [d for d in map(self._district, cases[1:]) if d is not None] if fault is Fault.DISTRICT else []

        def fails(application: Application) -> bool:
            return any(sign.fault is fault for sign in self._signs(application, centers, districts, 0))

        try:
            smallest = self.applications.smallest(fails, self.effort.to_shrink)
            if smallest is None:
                return
            everywhere = self._signs(smallest, self._centers, self._districts, 0)
            sign = next((sign for sign in everywhere if sign.fault is fault), None)
        except Closed:
            self._hung()
            return
        if sign is not None:
            self.signs[fault] = sign

    def _district(self, application: Application) -> str | None:
        """Where the hukou lies, else the residence."""
        applicant = application.applicant
        code = applicant.hukou.division_code if applicant.has_shanghai_hukou and applicant.hukou else None
        return self.city.district_of.get(code or applicant.residence_division or "")

    def district_standards(self, application: Application) -> bool:
        """Whether all centers of a district judge an application alike, so that each district has its own way."""
        seen: dict[str, Answer] = {}
        for center in self._centers:
            answer = self.court.ask(_at(application, center))
            if not same(seen.setdefault(center.district, answer), answer):
                return False
        return True

    def accepted(self, count: int) -> list[Application]:
        """Some applications without any problem, the item's own sample first where it is one."""
        samples = (self.applications.sample(day) for day in DAYS)
        sample = next((made for made in samples if _accepted(self.ask(made))), None)
        return [*([] if sample is None else [sample]), *self.clean][:count]


def _accepted(answer: Answer) -> bool:
    return not answer.problems and answer.fault is None


def _at(application: Application, center: ReceivingCenter) -> Application:
    return Application(
        item=application.item,
        applicant=application.applicant,
        center=center,
        received_on=application.received_on,
        form=application.form,
        materials=application.materials,
    )
