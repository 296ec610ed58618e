"""What tests of notices work with: a notice as channels get it, a receiver of webhooks (a real HTTP server that
remembers what came), and a case with its events.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from support import DIRECT_ITEM, NOW, TODAY, citizen_number
from tongban.cases.models import Case, CaseEvent
from tongban.cases.numbers import new_number
from tongban.catalog.models import ServiceItem
from tongban.centers.models import Center
from tongban.contract.notices import Notice, NoticeKind, ResidentStage
from tongban.events.outbox import put
from tongban.events.words import Topic
from tongban.identity.actor import DEVELOPER
from tongban.residents import service as residents
from tongban.residents.service import Registration
from tongban.storage.ids import new_id

NOTICE = Notice(
    id="019ab5f0-0000-7000-8000-000000000001",
    resident="019ab5f0-0000-7000-8000-0000000000aa",
    case_number="310114-20261124-0001-7",
    item="老年综合津贴",
    item_en="Senior allowance",
    kind=NoticeKind.SUPPLEMENT_NEEDED,
    stage=ResidentStage.SUPPLEMENT_NEEDED,
    at=NOW,
    language="zh",
    title="请补交材料",
    title_en="More is needed",
    text="还需要：居民户口簿。",
    text_en="It still needs: hukou booklet.",
    next_step="请最晚于2026年12月8日交到嘉定中心。",
    next_step_en="Please hand it in by 8 December 2026.",
    center="嘉定中心",
    center_en="Jiading Center",
    telephone="021-59530000",
)


@dataclass(slots=True)
class Receiver:
    """What came, and what is answered: the statuses in turn, the last one for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    hangs: float = 0
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server on a free loopback port."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(found.hangs)
            status = found.statuses.pop(0) if len(found.statuses) > 1 else found.statuses[0]
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{found.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def new_case(session: AsyncSession, number: str = "", item: str = DIRECT_ITEM) -> Case:
    """A case as it lies in the tables after a submission, its event and the message of it included; committed."""
    centers = list(await session.scalars(select(Center).where(Center.tongban).order_by(Center.code).limit(2)))
    item_id = await session.scalar(select(ServiceItem.id).where(ServiceItem.code == item).limit(1))
    said = Registration(name="王小明", id_number=citizen_number(), telephone="13900000000")
    resident = await residents.register(session, DEVELOPER, said, NOW)
    case = Case(
        id=new_id(),
        number=number or new_number(TODAY),
        item_id=item_id,
        applicant_id=resident.id,
        channel="COUNTER",
        mode="DIRECT",
        status="SUBMITTED",
        version=1,
        receiving_center_id=centers[0].id,
        handling_center_id=centers[1].id,
        current_center_id=centers[0].id,
        custodian_id=centers[0].id,
        form={"phone": "13700000000"},
        delivery_route="DIRECT_TO_RESIDENT",
        submitted_at=NOW,
        promised_days=5,
        extra_days=0,
        due_at=NOW,
        due_provisional=False,
        visits=1,
    )
    session.add(case)
    await session.flush()
    plugin = {"plugin": "tongban-civil-affairs", "version": "0.1.0"}
    await happens(session, case.id, 1, "SUBMITTED", "SUBMITTED", **plugin)
    return case


async def happens(
    session: AsyncSession, case: UUID, sequence: int, kind: str, after: str, before: str | None = None, **data: Any
) -> None:
    """An event, with its message in the outbox, as the verbs of cases write them; committed."""
    session.add(
        CaseEvent(
            case_id=case,
            sequence=sequence,
            kind=kind,
            at=NOW,
            actor="clerk 张三",
            from_status=before,
            to_status=after,
            note="申请人王小明联系电话13800000000",
            data=data or None,
        )
    )
    put(session, case, Topic.EVENT, sequence, {"sequence": sequence}, NOW)
    await session.commit()
