"""The joint meeting: 16 commissions and bureaus, 16 district governments."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from support import Api
from tongban.admission.members import load_members
from tongban.admission.models import JointMeetingMember


async def test_thirty_two_members_and_an_office(api: Api) -> None:
    meeting = (await api.ask("{ jointMeeting { office { code } members { code name kind provenance } } }"))[
        "jointMeeting"
    ]
    members = meeting["members"]
    assert Counter(member["kind"] for member in members) == {"COMMISSION": 16, "DISTRICT_GOVERNMENT": 16}
    assert len({member["code"] for member in members}) == len({member["name"] for member in members}) == 32
    assert all(member["provenance"] for member in members)
    assert meeting["office"] == {"code": "MZ"}


async def test_each_district_has_its_government(api: Api) -> None:
    data = await api.ask("{ districts { code } jointMeeting { members { code kind } } }")
    governments = {
        member["code"] for member in data["jointMeeting"]["members"] if member["kind"] == "DISTRICT_GOVERNMENT"
    }
    assert governments == {district["code"] for district in data["districts"]}


async def test_a_second_load_changes_nothing_and_mends_what_was_changed(session: AsyncSession) -> None:
    assert str(await load_members(session)) == "member 32 (32 unchanged)"
    first = (await session.scalars(select(JointMeetingMember).order_by(JointMeetingMember.code))).first()
    assert first is not None
    name, first.name = first.name, "?"
    await session.flush()
    assert str(await load_members(session)) == "member 32 (1 changed, 31 unchanged)"
    assert first.name == name
