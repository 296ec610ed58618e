"""What tests of a case's verbs share: a resident of 虹口, three centers, the way to each state, and uploads."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from support import HONGKOU, JIADING, NOW, QINGPU, SPLIT_ITEM, Api, act, application, centers_of, done, register, submit
from tongban.cases.models import Case
from tongban.cases.words import CaseStatus as Is
from tongban.centers.models import Center
from tongban.documents.models import Upload
from tongban.documents.words import UploadState
from tongban.storage.ids import new_id
from tongban.storage.objects import ObjectStore, write

ACTIONS = {
    "acceptCase": "ACCEPT",
    "returnCase": "RETURN",
    "acknowledgeTransfer": "ACKNOWLEDGE_TRANSFER",
    "refuseTransfer": "REFUSE_TRANSFER",
    "requestSupplement": "REQUEST_SUPPLEMENT",
    "supplementCase": "SUPPLEMENT",
    "approveCase": "APPROVE",
    "rejectCase": "REJECT",
    "deliverResult": "DELIVER_RESULT",
    "withdrawCase": "WITHDRAW",
    "rateCase": "RATE",
}
"""The verbs of a case, and the action that each is."""
SAID: dict[str, dict[str, Any]] = {
    "returnCase": {"missing": ["M-BANK"], "note": "缺银行卡"},
    "refuseTransfer": {"reason": "户籍不在本街道"},
    "requestSupplement": {"materials": ["M-BANK"], "note": "银行卡不清晰"},
    "supplementCase": {"documents": [{"material": "M-BANK"}]},
    "rejectCase": {"reason": "不符合条件"},
    "rateCase": {"stars": 5},
}
"""What each verb is told beside the case, in the story of the split item."""
IN_REVIEW = ("acceptCase", "acknowledgeTransfer")
WAYS: dict[Is, tuple[str, ...]] = {
    Is.SUBMITTED: (),
    Is.RETURNED: ("returnCase",),
    Is.IN_TRANSFER: ("acceptCase",),
    Is.ROUTING_REVIEW: ("acceptCase", "refuseTransfer"),
    Is.UNDER_REVIEW: IN_REVIEW,
    Is.SUPPLEMENT_REQUESTED: (*IN_REVIEW, "requestSupplement"),
    Is.APPROVED: (*IN_REVIEW, "approveCase"),
    Is.REJECTED: (*IN_REVIEW, "rejectCase"),
    Is.RESULT_IN_TRANSFER: (*IN_REVIEW, "approveCase", "deliverResult"),
    Is.DELIVERED: (*IN_REVIEW, "approveCase", "deliverResult", "deliverResult"),
    Is.WITHDRAWN: ("withdrawCase",),
}
"""The shortest way of a split case to each state; its result goes home through A."""
WHERE = {
    "acceptCase": Is.SUBMITTED,
    "returnCase": Is.SUBMITTED,
    "acknowledgeTransfer": Is.IN_TRANSFER,
    "refuseTransfer": Is.IN_TRANSFER,
    "requestSupplement": Is.UNDER_REVIEW,
    "supplementCase": Is.SUPPLEMENT_REQUESTED,
    "approveCase": Is.UNDER_REVIEW,
    "rejectCase": Is.UNDER_REVIEW,
    "deliverResult": Is.RESULT_IN_TRANSFER,
    "withdrawCase": Is.UNDER_REVIEW,
    "rateCase": Is.DELIVERED,
}
"""A state in which each verb is possible."""
BY_B = {"acknowledgeTransfer", "refuseTransfer", "requestSupplement", "approveCase", "rejectCase"}
"""The verbs that are B's in that state; the others are A's."""
STATE = """query($number: String!) { case(number: $number) { status version underway availableActions closedAt dueAt
  visits form receivingCenter { code } handlingCenter { code } handedIn { material { code } }
  decision { approved reason resultNumber resultDocument { digest custodian { code } } } rating { stars comment at }
  documents { fileName digest custodian { code } material { code } }
  transfers { purpose from { code } to { code } manifest { material digest } shown sentAt deliveredAt acknowledgedAt
    refusedAt refusalReason canceledAt attempts }
  supplementRequests { center { code } materials { code } note dueAt answeredAt }
  events(first: 100) { nodes { kind fromStatus toStatus actor center { code } note data } } } }"""


@dataclass(frozen=True, slots=True)
class World:
    """The centers A in 嘉定, B of the resident's hukou in 虹口, and a third one, C, in 青浦."""

    api: Api
    a: dict[str, Any]
    b: dict[str, Any]
    c: dict[str, Any]
    resident: str

    @classmethod
    async def of(cls, api: Api) -> "World":
        a, b, c = [(await centers_of(api, district))[0] for district in (JIADING, HONGKOU, QINGPU)]
        resident = await register(api, hukouDivisionCode=b["divisionCode"], hukouSince="2020-01-01")
        return cls(api, a, b, c, resident["id"])

    async def wish(self, item: str = SPLIT_ITEM, **more: Any) -> dict[str, Any]:
        """An application at A, whose result goes home through A."""
        told = {"deliveryRoute": "VIA_RECEIVING_CENTER"} | more
        return await application(self.api, item, self.a["code"], self.resident, **told)

    async def brought(self, status: Is, **more: Any) -> dict[str, Any]:
        """A split case brought to the state, and what was on its way has arrived."""
        case = await self.after(*WAYS[status], **more)
        assert case["status"] == status
        return case

    async def after(self, *verbs: str, **more: Any) -> dict[str, Any]:
        """A new case after these verbs, and what was on its way has arrived."""
        case = await done(submit(self.api, await self.wish(**more)))
        for verb in verbs:
            case = await done(act(self.api, verb, case, **SAID.get(verb, {})))
        await self.api.settle()
        return case

    async def state(self, case: dict[str, Any]) -> Any:
        """All that the public API says of a case."""
        return (await self.api.ask(STATE, number=case["number"]))["case"]

    async def move_household(self, center: dict[str, Any]) -> None:
        """The resident's hukou is moved to the center's street."""
        document = "mutation($input: ChangeHukouInput!) { changeHukou(input: $input) { problems { message } } }"
        moved = {"divisionCode": center["divisionCode"], "address": "某路3号", "since": "2026-11-01"}
        answer = await self.api.ask(document, input={"resident": self.resident} | moved)
        assert answer["changeHukou"]["problems"] == []


async def uploaded(session: AsyncSession, store: ObjectStore, center: dict[str, Any], content: bytes) -> str:
    """The id of an upload that is stored, for the center."""
    key = new_id()

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    await write(store, str(key), chunks())
    upload = Upload(
        id=key,
        actor="developer",
        center_id=await session.scalar(select(Center.id).where(Center.code == center["code"])),
        file_name="材料.pdf",
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        media_type="application/pdf",
        state=UploadState.STORED,
        token_digest=str(key),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        stored_at=NOW,
    )
    session.add(upload)
    await session.commit()
    return base64.b64encode(f"Upload:{key}".encode()).decode()


def bare_case(*, center: UUID, **said: Any) -> Case:
    """The row of a direct case that stays at one center, for tests that need one and none of its verbs."""
    plain: dict[str, Any] = {
        "channel": "COUNTER",
        "mode": "DIRECT",
        "status": "SUBMITTED",
        "version": 1,
        "receiving_center_id": center,
        "handling_center_id": center,
        "current_center_id": center,
        "custodian_id": center,
        "form": {},
        "delivery_route": "DIRECT_TO_RESIDENT",
        "submitted_at": NOW,
        "promised_days": 5,
        "extra_days": 0,
        "due_at": NOW,
        "due_provisional": False,
        "visits": 1,
    }
    return Case(**plain | said)
