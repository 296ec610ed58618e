"""Makes applications for an item: people of all kinds, forms good and bad, any of the materials, many days."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from tongban.check.chain import Chain
from tongban.check.city import City
from tongban.check.draws import Draw, HypothesisDraw, SeededDraw, chance, pick
from tongban.check.forms import FormPlan
from tongban.contract.applications import Applicant, Application, Hukou, ReceivingCenter, ResidencePermit, Sex
from tongban.contract.items import ItemDefinition, Sample

SEED = 172
"""Every check of the same definition and the same rules tries the same applications."""
OUTSIDE = ("340102", "110101", "320501001000")
"""Divisions outside Shanghai."""
DAYS = tuple(
    date(year, month, day)
    for year, month, day in (
        (2026, 11, 24),
        (2018, 3, 1),
        (2018, 7, 1),
        (2019, 1, 1),
        (2020, 2, 29),
        (2021, 4, 30),
        (2022, 6, 15),
        (2023, 12, 31),
        (2024, 2, 29),
        (2025, 8, 31),
        (2026, 1, 5),
        (2026, 3, 20),
        (2026, 5, 10),
        (2026, 9, 1),
        (2027, 2, 28),
        (2027, 10, 8),
    )
)
"""Days of receipt, the usual one first: turns of years and months, leap days, all seasons."""
YEARS_SINCE = (5, 0, 1, 2, 3, 10, 20)


def years_before(day: date, years: int) -> date:
    """The same day so many years before; the 28th for a leap day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


@dataclass(frozen=True)
class Applications:
    """Makes applications for one item in one city."""

    item: ItemDefinition
    plan: FormPlan
    divisions: tuple[str, ...]
    """Divisions where a hukou or a residence may lie: of every district, former codes too."""
    center: ReceivingCenter
    certificates: tuple[str, ...]
    """What may be on file: materials that the item asks for, and those that it produces."""

    @classmethod
    def of(cls, item: ItemDefinition, city: City, chain: Chain) -> "Applications":
        """What makes applications for `item`."""
        asked = tuple(need.material for need in item.materials)
        made = tuple(code for code, material in chain.materials.items() if material.produced_by == item.code)
        first = city.centers[0]
        return cls(
            item,
            FormPlan.of(item.form, item.sample.form),
            tuple(division.code for division in city.divisions if division.district in city.streets),
            ReceivingCenter(code=first.code, district=first.district),
            tuple(dict.fromkeys(made + asked)),
        )

    def make(self, draw: Draw) -> Application:
        """One application. The simplest one is empty."""
        day = pick(draw, DAYS) if draw.whole(0, 9) < 7 else DAYS[1] + timedelta(days=draw.whole(0, 3600))
        return Application(
            item=self.item.code,
            applicant=self.applicant(draw, day),
            center=self.center,
            received_on=day,
            form=self.plan.fill(draw, day),
            materials=self._some(draw, tuple(need.material for need in self.item.materials)),
        )

    def applicant(self, draw: Draw, day: date) -> Applicant:
        """Anybody: of every age, with hukou here, elsewhere or unknown, with a permit or without."""
        hukou = self.hukou(draw, day)
        return Applicant(
            birth_date=self.birth_date(draw, day),
            sex=pick(draw, (None, Sex.FEMALE, Sex.MALE, Sex.FEMALE, Sex.MALE)),
            hukou=hukou,
            permit=self.permit(draw, day),
            residence_division=self.residence(draw, hukou),
            certificates=self._some(draw, self.certificates) if chance(draw, 40) else frozenset(),
        )

    def birth_date(self, draw: Draw, day: date) -> date | None:
        """A birth date of somebody up to 110 years old, often on a birthday or the day before."""
        age = draw.whole(-1, 110)
        return (
            None if age < 0 else years_before(day, age) - timedelta(days=pick(draw, (0, -1, 1, 100, 364))) * (age > 0)
        )

    def hukou(self, draw: Draw, day: date) -> Hukou | None:
        """A hukou, mostly in Shanghai."""
        kind = draw.whole(0, 9)
        if kind == 0:
            return None
        return Hukou(
            division_code=pick(draw, OUTSIDE) if kind < 3 else pick(draw, self.divisions),
            since=years_before(day, pick(draw, YEARS_SINCE)) + timedelta(days=draw.whole(0, 1)) - timedelta(days=1),
        )

    def permit(self, draw: Draw, day: date) -> ResidencePermit | None:
        """None, or a residence permit that is valid, expired or reported lost."""
        kind = draw.whole(0, 7)
        if kind < 4:
            return None
        start = years_before(day, 3 if kind == 7 else 1) + timedelta(days=draw.whole(0, 40))
        return ResidencePermit(valid_from=start, valid_to=years_before(start, -1), reported_lost=kind == 6)

    def residence(self, draw: Draw, hukou: Hukou | None) -> str | None:
        """Where the applicant lives: unknown, in the hukou's street, anywhere in the city, or outside."""
        kind = draw.whole(0, 9)
        if kind < 2:
            return None
        if kind < 5 and hukou is not None:
            return hukou.division_code
        return OUTSIDE[0] if kind == 9 else pick(draw, self.divisions)

    @staticmethod
    def _some(draw: Draw, codes: tuple[str, ...]) -> frozenset[str]:
        kind = draw.whole(0, 3)
        if kind == 0 or not codes:
            return frozenset()
        return frozenset(codes) if kind == 1 else frozenset(code for code in codes if draw.whole(0, 1))

    def sample(self, day: date) -> Application:
        """The application that the item's sample describes, with every material that the item knows."""
        who: Sample = self.item.sample
        permit = ResidencePermit(valid_from=years_before(day, 1), valid_to=years_before(day, -1))
        return Application(
            item=self.item.code,
            applicant=Applicant(
                birth_date=date(day.year - who.age, 1, 1),
                sex=who.sex,
                hukou=Hukou(
                    division_code=self.divisions[0] if who.shanghai_hukou else OUTSIDE[0], since=years_before(day, 5)
                ),
                permit=permit if who.permit else None,
            ),
            center=self.center,
            received_on=day,
            form=dict(who.form),
            materials=frozenset(need.material for need in self.item.materials),
        )

    def strategy(self) -> st.SearchStrategy[Application]:
        """The same applications as a Hypothesis strategy, which shrinks them."""

        @st.composite
        def applications(draw: st.DrawFn) -> Application:
            return self.make(HypothesisDraw(draw))

        return applications()

    def seeded(self, count: int) -> Iterable[Application]:
        """So many applications, the same each time: much faster than Hypothesis, and nothing shrinks."""
        draw = SeededDraw(SEED)
        return (self.make(draw) for _ in range(count))

    def explored(self, count: int, look: Callable[[Application], None]) -> None:
        """Shows `look` as many applications as Hypothesis makes of `count` tries."""
        _run(self.strategy(), count, look, (Phase.generate,))

    def smallest(self, fails: Callable[[Application], bool], count: int) -> Application | None:
        """The smallest application that `fails`, as Hypothesis shrinks it; None where `count` tries find none."""
        last: Application | None = None

        def look(application: Application) -> None:
            nonlocal last
            if fails(application):
                last = application
                raise _FailsError

        # Hypothesis's own errors come where it fails only now and then.
        with suppress(_FailsError, HypothesisException):
            _run(self.strategy(), count, look, (Phase.generate, Phase.shrink))
        return last


class _FailsError(Exception):
    """Tells Hypothesis that an application is a counter-example."""


def _run(
    strategy: st.SearchStrategy[Application],
    count: int,
    look: Callable[[Application], None],
    phases: tuple[Phase, ...],
) -> None:
    @seed(SEED)
    @settings(
        database=None,
        deadline=None,
        max_examples=count,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def look_at(application: Application) -> None:
        look(application)

    look_at()
