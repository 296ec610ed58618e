"""Loads the members of the joint meeting: idempotent."""

import csv
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.admission.models import JointMeetingMember
from tongban.storage.changes import Changes
from tongban.storage.upsert import put

MEMBERS = Path(__file__).parent / "data" / "members.csv"


async def load_members(session: AsyncSession) -> Changes:
    """Adds and changes what differs from the shipped list: 16 commissions and bureaus, 16 district governments."""
    changes = Changes()
    known = {row.code: row for row in await session.scalars(select(JointMeetingMember))}
    with MEMBERS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            put(session, known.get(row["code"]), JointMeetingMember, row, "member", changes)
    await session.flush()
    return changes
