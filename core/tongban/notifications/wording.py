"""What a resident is told of a case, and in which words. Pure.

Direct and split cases are told of alike: nothing is said of a passing between two centers, and the one contact named is
the receiving center, where the resident has been (S34). A note or a reason that a clerk typed is not passed on: it may
say anything of anybody, and a message may be read by others.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from tongban.cases.progress import STAGES
from tongban.cases.words import CaseStatus
from tongban.contract.items import DeliveryRoute
from tongban.contract.notices import NoticeKind, ResidentStage
from tongban.messages.notices import AS_SAID, NOTICES, PROVISIONAL, RESULTS, NoticeText

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called in Chinese and in English."""

    zh: str
    en: str

    @classmethod
    def of(cls, zh: str, en: str | None) -> Self:
        """Where there is no English name, the Chinese one stands for it."""
        return cls(zh, en or zh)

    def by(self, language: str) -> str:
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A case event, with what words for it need. `center` is A; `one_center`: A is B too.

    `until` is the day until which a supplement is awaited. `same_due`: what changed of the dates is not the promise.
    """

    event: str
    before: CaseStatus | None
    after: CaseStatus
    number: str
    item: Name
    center: Name
    telephone: str | None
    due: date
    provisional: bool
    route: DeliveryRoute
    one_center: bool
    materials: Sequence[Name] = ()
    until: date | None = None
    same_due: bool = False


@dataclass(frozen=True, slots=True)
class Wording:
    """What is told."""

    kind: NoticeKind
    stage: ResidentStage
    zh: NoticeText
    en: NoticeText

    def by(self, language: str) -> NoticeText:
        return self.en if language == "en" else self.zh

    def kept(self) -> dict[str, Any]:
        """As it is kept with the notice."""
        return {"stage": self.stage.value, "zh": asdict(self.zh), "en": asdict(self.en)}

    @classmethod
    def read(cls, kind: str, kept: dict[str, Any]) -> Self:
        """What `kept` gave."""
        return cls(NoticeKind(kind), ResidentStage(kept["stage"]), NoticeText(**kept["zh"]), NoticeText(**kept["en"]))


def worded(happened: Happened) -> Wording | None:
    """What the resident is told of it; None where that is nothing."""
    name = _told_as(happened)
    if name is None:
        return None
    texts = NOTICES[name]
    return Wording(
        texts.kind,
        STAGES[happened.after],
        _filled(texts.zh, happened, "zh"),
        _filled(texts.en, happened, "en"),
    )


_ALWAYS = {
    "SUBMITTED": "received",
    "RETURN": "returned",
    "REQUEST_SUPPLEMENT": "supplement_needed",
    "SUPPLEMENT": "supplement_received",
    "SUPPLEMENT_EXPIRED": "supplement_expired",
    "APPROVE": "approved",
    "REJECT": "rejected",
    "WITHDRAW": "withdrawn",
}


def _told_as(happened: Happened) -> str | None:
    """The name of the texts in the catalog."""
    match happened.event, happened.after:
        case (("ACCEPT" | "ACCEPTED_BY_LAW"), _):  # once, not again when a waiting case has found its center
            return "in_review" if happened.before is CaseStatus.SUBMITTED else None
        case "TRANSFER_STORED", CaseStatus.RESULT_IN_TRANSFER:
            return "ready"
        case "DELIVER_RESULT", CaseStatus.DELIVERED:
            return "done"
        case "DUE_CHANGED", _:
            return None if happened.same_due else "due_changed"
    return _ALWAYS.get(happened.event)


def _filled(text: NoticeText, happened: Happened, language: str) -> NoticeText:
    zh = language == "zh"
    center = happened.center.by(language)
    contact = center
    if happened.telephone:
        contact += f"（电话{happened.telephone}）" if zh else f" (telephone {happened.telephone})"
    names = [material.by(language) for material in happened.materials]
    values = {
        "item": happened.item.by(language),
        "number": happened.number,
        "center": center,
        "contact": contact,
        "due": day_in_words(happened.due, language) + (PROVISIONAL[not zh] if happened.provisional else ""),
        "until": day_in_words(happened.until, language) if happened.until else "",
        "materials": ("、" if zh else "; ").join(names) or AS_SAID[not zh],
    }
    values["result"] = RESULTS[_result(happened)][not zh].format(**values)
    return NoticeText(
        text.title,
        text.text.format(**values),
        text.next_step and text.next_step.format(**values),
    )


def _result(happened: Happened) -> str:
    """How the result is had: what is decided where the resident has been lies there already."""
    if happened.route is DeliveryRoute.DIRECT_TO_RESIDENT:
        return "sent"
    return "here" if happened.one_center else "coming"


def day_in_words(day: date, language: str) -> str:
    """The day as it is written to people."""
    if language == "en":
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"
