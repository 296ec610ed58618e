"""What residents are told, word for word, in both languages; and what they are not told."""

from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tongban.cases.words import CaseStatus
from tongban.contract.items import DeliveryRoute
from tongban.contract.notices import NoticeKind, ResidentStage
from tongban.messages.notices import NOTICES, NoticeText
from tongban.notifications.wording import Happened, Name, Wording, day_in_words, worded

GOLDEN = Path(__file__).parent / "wording.txt"
S = CaseStatus
A = Name("嘉定镇街道社区事务受理服务中心", "Jiading Town Center")
PLAIN = Happened(
    event="SUBMITTED",
    before=None,
    after=S.SUBMITTED,
    number="310114-20261124-0001-7",
    item=Name("老年综合津贴", "Senior allowance"),
    center=A,
    telephone="021-59530000",
    due=date(2026, 12, 22),
    provisional=False,
    route=DeliveryRoute.VIA_RECEIVING_CENTER,
    one_center=True,
)
MATERIALS = (Name("居民户口簿", "Hukou booklet"), Name("银行卡", "Bank card"))


def happened(event: str, before: CaseStatus | None, after: CaseStatus, **said: Any) -> Happened:
    return replace(PLAIN, event=event, before=before, after=after, **said)


TOLD = {
    "received": PLAIN,
    "received, provisionally due": replace(PLAIN, provisional=True, telephone=None),
    "in review": happened("ACCEPT", S.SUBMITTED, S.UNDER_REVIEW),
    "in review by law": happened("ACCEPTED_BY_LAW", S.SUBMITTED, S.UNDER_REVIEW),
    "supplement needed": happened(
        "REQUEST_SUPPLEMENT", S.UNDER_REVIEW, S.SUPPLEMENT_REQUESTED, materials=MATERIALS, until=date(2026, 12, 8)
    ),
    "supplement received": happened("SUPPLEMENT", S.SUPPLEMENT_REQUESTED, S.UNDER_REVIEW),
    "supplement expired": happened("SUPPLEMENT_EXPIRED", S.SUPPLEMENT_REQUESTED, S.UNDER_REVIEW),
    "approved, to be collected": happened("APPROVE", S.UNDER_REVIEW, S.APPROVED),
    "approved, sent": happened("APPROVE", S.UNDER_REVIEW, S.APPROVED, route=DeliveryRoute.DIRECT_TO_RESIDENT),
    "approved, coming": happened("APPROVE", S.UNDER_REVIEW, S.APPROVED, one_center=False),
    "rejected": happened("REJECT", S.UNDER_REVIEW, S.REJECTED),
    "ready": happened("TRANSFER_STORED", S.RESULT_IN_TRANSFER, S.RESULT_IN_TRANSFER, one_center=False),
    "done": happened("DELIVER_RESULT", S.APPROVED, S.DELIVERED),
    "returned": happened("RETURN", S.SUBMITTED, S.RETURNED, materials=MATERIALS),
    "returned for another reason": happened("RETURN", S.SUBMITTED, S.RETURNED),
    "withdrawn": happened("WITHDRAW", S.UNDER_REVIEW, S.WITHDRAWN),
    "due changed": happened("DUE_CHANGED", S.UNDER_REVIEW, S.UNDER_REVIEW),
}
UNTOLD = {
    "passed on": happened("ACCEPT", S.ROUTING_REVIEW, S.IN_TRANSFER),
    "routed again": happened("ROUTE", S.ROUTING_REVIEW, S.IN_TRANSFER),
    "stored at B": happened("TRANSFER_STORED", S.IN_TRANSFER, S.IN_TRANSFER),
    "taken over by B": happened("ACKNOWLEDGE_TRANSFER", S.IN_TRANSFER, S.UNDER_REVIEW),
    "result taken over by A": happened("ACKNOWLEDGE_TRANSFER", S.RESULT_IN_TRANSFER, S.RESULT_IN_TRANSFER),
    "refused by B": happened("REFUSE_TRANSFER", S.IN_TRANSFER, S.ROUTING_REVIEW),
    "result on its way": happened("DELIVER_RESULT", S.APPROVED, S.RESULT_IN_TRANSFER),
    "nobody knows where to": happened("ROUTING_LATE", S.ROUTING_REVIEW, S.ROUTING_REVIEW),
    "late": happened("TRANSFER_LATE", S.IN_TRANSFER, S.IN_TRANSFER),
    "damaged": happened("TRANSFER_DAMAGED", S.IN_TRANSFER, S.IN_TRANSFER),
    "rated": happened("RATE", S.DELIVERED, S.DELIVERED),
    "another date changed": happened("DUE_CHANGED", S.UNDER_REVIEW, S.UNDER_REVIEW, same_due=True),
    "unheard of": happened("SOMETHING_NEW", S.UNDER_REVIEW, S.UNDER_REVIEW),
}


def told(event: Happened) -> Wording:
    wording = worded(event)
    assert wording is not None
    return wording


def written() -> str:
    """All notices as the golden file has them."""
    parts = []
    for name, event in TOLD.items():
        wording = told(event)
        lines = [f"# {name}: {wording.kind}, {wording.stage}"]
        for text in (wording.zh, wording.en):
            lines += [text.title, f"  {text.text}", *([f"  → {text.next_step}"] if text.next_step else [])]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def test_the_words_are_these() -> None:
    """A change of words is seen here, and looked at by somebody who reads both languages."""
    assert written() == GOLDEN.read_text(encoding="utf-8")


def test_every_kind_of_notice_is_among_them() -> None:
    assert {told(event).kind for event in TOLD.values()} == set(NoticeKind)
    assert {told(event).stage for event in TOLD.values()} == set(ResidentStage)


@pytest.mark.parametrize("event", UNTOLD.values(), ids=UNTOLD)
def test_what_passes_between_two_centers_is_not_told(event: Happened) -> None:
    assert worded(event) is None


DIRECT = (
    ("SUBMITTED", None, S.SUBMITTED),
    ("ACCEPT", S.SUBMITTED, S.UNDER_REVIEW),
    ("APPROVE", S.UNDER_REVIEW, S.APPROVED),
    ("DELIVER_RESULT", S.APPROVED, S.DELIVERED),
)
SPLIT = (
    ("SUBMITTED", None, S.SUBMITTED),
    ("ACCEPT", S.SUBMITTED, S.IN_TRANSFER),
    ("TRANSFER_STORED", S.IN_TRANSFER, S.IN_TRANSFER),
    ("ACKNOWLEDGE_TRANSFER", S.IN_TRANSFER, S.UNDER_REVIEW),
    ("APPROVE", S.UNDER_REVIEW, S.APPROVED),
    ("DELIVER_RESULT", S.APPROVED, S.DELIVERED),
)
SPLIT_AND_BACK = (
    *SPLIT[:-1],
    ("DELIVER_RESULT", S.APPROVED, S.RESULT_IN_TRANSFER),
    ("TRANSFER_STORED", S.RESULT_IN_TRANSFER, S.RESULT_IN_TRANSFER),
    ("DELIVER_RESULT", S.RESULT_IN_TRANSFER, S.DELIVERED),
)


def story(events: tuple[tuple[str, CaseStatus | None, CaseStatus], ...], **said: Any) -> list[Wording]:
    return [found for event in events if (found := worded(happened(*event, **said))) is not None]


def test_a_direct_and_a_split_case_are_told_in_the_same_words() -> None:
    """Where the result comes directly, word for word."""
    route = DeliveryRoute.DIRECT_TO_RESIDENT
    assert story(DIRECT, route=route) == story(SPLIT, route=route, one_center=False)


def test_a_result_that_comes_through_the_receiving_center_is_called_for_in_one_more_notice() -> None:
    direct, split = story(DIRECT), story(SPLIT_AND_BACK, one_center=False)
    ready = split.pop(3)
    assert (ready.kind, ready.stage) == (NoticeKind.READY, ResidentStage.DECIDED)

    def without_next(wording: Wording) -> Wording:
        zh, en = wording.zh, wording.en
        return replace(wording, zh=NoticeText(zh.title, zh.text), en=NoticeText(en.title, en.text))

    assert [without_next(wording) for wording in direct] == [without_next(wording) for wording in split]


def test_only_the_receiving_center_is_ever_named_and_no_name_is_left_unfilled() -> None:
    for event, zh in product(TOLD.values(), (True, False)):
        wording = told(event)
        text = wording.zh if zh else wording.en
        whole = " ".join(filter(None, (text.title, text.text, text.next_step)))
        assert "{" not in whole
        assert "移交" not in whole
        assert "transfer" not in whole.lower()
        assert whole.count("中心" if zh else "Center") == whole.count(A.zh if zh else A.en) + whole.count(
            "任一受理中心"
        )


def test_what_has_no_english_name_is_called_by_its_chinese_one() -> None:
    wording = told(replace(PLAIN, item=Name.of("就业登记", None), telephone=None))
    assert "就业登记" in wording.en.text


def test_braces_in_a_name_are_only_braces() -> None:
    wording = told(replace(TOLD["approved, to be collected"], item=Name("{number}", "{0}"), center=Name("{x}", "{y}")))
    assert "{number}" in wording.zh.text
    assert "{x}" in (wording.zh.next_step or "")


@pytest.mark.parametrize("name", TOLD)
def test_words_are_kept_and_read_again(name: str) -> None:
    wording = told(TOLD[name])
    assert Wording.read(wording.kind.value, wording.kept()) == wording


def test_days_are_written_as_people_write_them() -> None:
    assert day_in_words(date(2027, 1, 5), "zh") == "2027年1月5日"
    assert day_in_words(date(2027, 12, 31), "en") == "31 December 2027"


def test_every_text_of_the_catalog_is_used() -> None:
    used = {told(event).zh.title for event in TOLD.values()}
    assert {texts.zh.title for texts in NOTICES.values()} == used
