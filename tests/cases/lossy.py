"""A courier as bad as can be: what it is given may be lost, doubled, late, changed, or brought to another center.

It judges what the receiver makes of it by itself, by the rows and the bytes: it trusts no word of the receiver's.
"""

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from tongban.cases import arrivals
from tongban.cases.custody import FINAL, Parcel, Receipt
from tongban.cases.manifest import digest_of
from tongban.cases.models import CaseEvent, Transfer
from tongban.events.relay import NotYet
from tongban.storage.database import Sessions
from tongban.storage.objects import FolderStore


class Attack(StrEnum):
    """What the courier does to a parcel."""

    NONE = "nothing"
    DROP = "drop"
    DUPLICATE = "duplicate"
    LOSE_RECEIPT = "lose the receipt"
    DELAY = "delay, then deliver late"
    REORDER = "deliver after later ones"
    FLIP_FILE = "flip a byte of a document"
    LOSE_FILE = "lose a document"
    FLIP_MANIFEST = "flip a byte of the manifest"
    FORGE_MANIFEST = "leave a document out, digest and all"
    ELSEWHERE = "deliver to another center"
    READDRESS = "write another address on it"
    DOWN = "the destination is down"


@dataclass(slots=True)
class Seen:
    """What the drill saw."""

    attacks: Counter[str] = field(default_factory=Counter)
    deliveries: int = 0
    misdelivered: int = 0
    """Taken by a center that it was not sent to."""
    damaged: int = 0
    """Stored though it was not what had been sent."""
    doubled: int = 0
    """Stored twice."""

    @property
    def harmed(self) -> int:
        return self.misdelivered + self.damaged + self.doubled


@dataclass(slots=True)
class LossyCourier:
    """Between two centers of one database. While `well`, it does nothing to a parcel."""

    sessions: Sessions
    store: FolderStore
    centers: Mapping[str, UUID]
    draw: Random
    seen: Seen = field(default_factory=Seen)
    well: bool = False
    down: bool = False
    mercy: float = 0.4
    """How often it does nothing, else one of its attacks."""
    attacks: tuple[Attack, ...] = tuple(Attack)[1:]
    kept: list[Parcel] = field(default_factory=list)

    async def carry(self, parcel: Parcel, now: datetime) -> Receipt:
        attack = Attack.DOWN if self.down else Attack.NONE if self.well else self._attack()
        self.seen.attacks[attack] += 1
        receipt = await self._carry(attack, parcel, now)
        if self.kept and (self.well or self.draw.random() < 0.5):  # older parcels arrive after this one
            await self.deliver_kept(now)
        if receipt is None:
            raise NotYet(attack.value)
        return receipt

    def _attack(self) -> Attack:
        return Attack.NONE if self.draw.random() < self.mercy else self.draw.choice(self.attacks)

    async def deliver_kept(self, now: datetime) -> None:
        """What was late arrives, the newest first; nobody waits for its receipts."""
        kept, self.kept = self.kept[::-1], []
        for parcel in kept:
            await self._deliver(parcel, now)

    async def _carry(self, attack: Attack, parcel: Parcel, now: datetime) -> Receipt | None:
        match attack:
            case Attack.NONE:
                return await self._deliver(parcel, now)
            case Attack.DROP | Attack.DOWN:
                return None
            case Attack.DUPLICATE:
                await self._deliver(parcel, now)
                return await self._deliver(parcel, now)
            case Attack.LOSE_RECEIPT:
                await self._deliver(parcel, now)
                return None
            case Attack.DELAY | Attack.REORDER:
                self.kept.append(parcel)
                if attack is Attack.DELAY:
                    await self.deliver_kept(now)
                return None
            case Attack.FLIP_FILE | Attack.LOSE_FILE:
                return await self._with_bad_file(parcel, now, lose=attack is Attack.LOSE_FILE)
            case Attack.FLIP_MANIFEST | Attack.FORGE_MANIFEST:
                return await self._deliver(self._forged(attack, parcel), now)
            case Attack.ELSEWHERE | Attack.READDRESS:
                other = self.draw.choice([one for one in self.centers.values() if one != parcel.to_center_id])
                forged = replace(parcel, to_center_id=other) if attack is Attack.READDRESS else parcel
                return await self._deliver(forged, now, at=other)

    def _forged(self, attack: Attack, parcel: Parcel) -> Parcel:
        manifest: dict[str, Any] = copy.deepcopy(dict(parcel.manifest))
        if attack is Attack.FORGE_MANIFEST and manifest["documents"]:
            manifest["documents"].pop()
            return replace(parcel, manifest=manifest, manifest_digest=digest_of(manifest))
        manifest["form"] = _flipped_text(manifest["form"])
        return replace(parcel, manifest=manifest)

    async def _with_bad_file(self, parcel: Parcel, now: datetime, *, lose: bool) -> Receipt | None:
        """A document is damaged while it lies at the destination; somebody mends it afterwards."""
        documents = parcel.manifest["documents"]
        if not documents:
            return None
        place = place_of(self.store, self.draw.choice(documents)["document"])
        whole = place.read_bytes()
        place.unlink()
        if not lose:
            where = self.draw.randrange(len(whole))
            place.write_bytes(whole[:where] + bytes([whole[where] ^ 1]) + whole[where + 1 :])
        try:
            return await self._deliver(parcel, now, whole=False)
        finally:
            place.write_bytes(whole)

    async def _deliver(self, parcel: Parcel, now: datetime, at: UUID | None = None, *, whole: bool = True) -> Receipt:
        """Hands a parcel over, and sees for itself what came of it."""
        self.seen.deliveries += 1
        before = await self._stored(parcel)
        async with self.sessions() as session, session.begin():
            receipt = await arrivals.receive(session, self.store, parcel, at or parcel.to_center_id, now)
        after = await self._stored(parcel)
        stored_now = after > before
        self.seen.doubled += after > 1
        if stored_now:
            sent, sent_digest = await self._sent(parcel)
            self.seen.damaged += not whole or (parcel.manifest, parcel.manifest_digest) != (sent.manifest, sent_digest)
        if at is not None:
            self.seen.misdelivered += stored_now or receipt in FINAL
        return receipt

    async def _stored(self, parcel: Parcel) -> int:
        """How often its destination said that it stored this transfer."""
        async with self.sessions() as session:
            return (
                await session.scalar(
                    select(func.count()).where(
                        CaseEvent.case_id == parcel.case_id,
                        CaseEvent.kind == "TRANSFER_STORED",
                        CaseEvent.data["transfer"].astext == str(parcel.transfer_id),
                    )
                )
                or 0
            )

    async def _sent(self, parcel: Parcel) -> tuple[Transfer, str]:
        async with self.sessions() as session:
            transfer = await session.get_one(Transfer, (parcel.case_id, parcel.transfer_id))
            return transfer, transfer.manifest_digest


def place_of(store: FolderStore, key: str) -> Path:
    """The file of an object."""
    [place] = store.folder.glob(f"*/{key}")
    return place


def _flipped_text(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]
