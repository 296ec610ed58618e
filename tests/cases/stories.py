"""Stories of cases, told from their submission by what is done one after another."""

from cases.play import B, C, Play, centers_by_code, local
from support import DIRECT_ITEM, SPLIT_ITEM
from tongban.cases.words import CaseAction, Channel
from tongban.contract.items import DeliveryRoute
from tongban.registry import Registry
from tongban.storage.database import Sessions
from tongban.storage.objects import FolderStore

SAID = {"with_document": True, "asked": 1}


async def walked(sessions: Sessions, store: FolderStore, registry: Registry) -> list[Play]:
    """Cases of every kind of passage: at A alone, on the way, refused, supplemented, with a result gone home."""
    async with sessions() as session:
        centers = await centers_by_code(session)

    async def one(item: str, *steps: str, route: DeliveryRoute = DeliveryRoute.VIA_RECEIVING_CENTER) -> Play:
        play = Play(sessions, store, registry, local(sessions, store), centers)
        await play.submit(item, B, route, Channel.COUNTER, accept=True)
        for step in steps:
            now = await play.look()
            if step == "CARRY":
                assert await play.carry(now.pending()[0])
            elif step == "MOVE":
                await play.move_home(C)
            else:
                action = CaseAction(step)
                assert await play.do(action, (play.whose(action, now),), now.case.version, **SAID), step
        return play

    supplement = ("REQUEST_SUPPLEMENT", "SUPPLEMENT")
    there, decided = ("CARRY", "ACKNOWLEDGE_TRANSFER"), ("APPROVE", "DELIVER_RESULT")
    return [
        await one(DIRECT_ITEM, *supplement, *decided),
        await one(SPLIT_ITEM),
        await one(SPLIT_ITEM, "CARRY"),
        await one(SPLIT_ITEM, "CARRY", "MOVE", "REFUSE_TRANSFER", "CARRY", "CARRY", "ACKNOWLEDGE_TRANSFER"),
        await one(SPLIT_ITEM, *there, *supplement, *there, *decided, "CARRY", "DELIVER_RESULT", "RATE"),
        await one(SPLIT_ITEM, *there, "WITHDRAW"),
    ]
