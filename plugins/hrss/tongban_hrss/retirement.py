"""Statutory retirement age (法定退休年龄) with its gradual rise from 2025 on."""

from dataclasses import dataclass
from datetime import date

from tongban import Applicant, Sex
from tongban_hrss.months import months_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Retirement at `years`; people born in `rises_from` or later wait longer.

    They wait one month more for every `step` months of birth, up to `longest` months.
    """

    years: int
    rises_from: date
    step: int
    longest: int

    def day_for(self, birth_date: date) -> date:
        """The day on which someone born on `birth_date` reaches retirement age."""
        later = (birth_date.year - self.rises_from.year) * 12 + birth_date.month - self.rises_from.month
        delay = 0 if later < 0 else min(later // self.step + 1, self.longest)
        return months_after(birth_date, self.years * 12 + delay)


TRACKS: dict[Sex, tuple[Track, ...]] = {
    Sex.MALE: (Track(years=60, rises_from=date(1965, 1, 1), step=4, longest=36),),
    Sex.FEMALE: (
        Track(years=50, rises_from=date(1975, 1, 1), step=2, longest=60),
        Track(years=55, rises_from=date(1970, 1, 1), step=4, longest=36),
    ),
}
"""《国务院关于渐进式延迟法定退休年龄的办法》, in force since 2025-01-01. Women's track depends on their post."""


def retirement_days(applicant: Applicant) -> tuple[date, ...]:
    """The days on which the applicant may reach retirement age, earliest first; none if birth date or sex is unknown.

    A woman has two, because the record does not tell her post: a rule refuses only what neither allows.
    """
    if applicant.birth_date is None or applicant.sex is None:
        return ()
    return tuple(track.day_for(applicant.birth_date) for track in TRACKS[applicant.sex])
