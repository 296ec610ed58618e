"""What follows from a case is written with it: each event is told of by one message, each transfer is sent by one."""

from collections import Counter

from cases.play import Play
from tongban.cases.words import CaseAction

RARE = {CaseAction.RETURN, CaseAction.REJECT}
"""Told of alike, in the random histories."""


async def test_each_event_and_each_transfer_of_a_whole_story_has_one_message(plays: list[Play]) -> None:
    kinds: set[str] = set()
    for play in plays:
        now = await play.look()
        written = Counter((one.topic, *one.payload.items()) for one in now.messages)
        events = [("EVENT", ("sequence", event.sequence)) for event in now.events]
        transfers = [("TRANSFER", ("transfer", str(transfer.id))) for transfer in now.transfers]
        assert written == Counter([*events, *transfers])
        assert set(written.values()) == {1}
        kinds |= {event.kind for event in now.events}
    assert kinds >= {"SUBMITTED", "TRANSFER_STORED", *set(CaseAction) - RARE}, "a story that leaves something out"


async def test_nothing_is_handled_before_what_came_first(plays: list[Play]) -> None:
    """Messages of one topic go in the order of the events that they follow from."""
    for play in plays:
        now = await play.look()
        sent = [one for one in now.messages if one.topic == "TRANSFER"]
        by_transfer = {one.payload["transfer"]: one.sequence for one in sent}
        in_order = [by_transfer[str(transfer.id)] for transfer in now.transfers]
        assert in_order == sorted(in_order)
        assert len(set(in_order)) == len(in_order)
