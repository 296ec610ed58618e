"""The feed: what is committed, told to those of this process who follow it; in order, without a gap, each once.

A stream is a table whose rows are numbered from 1, without a gap, within a key: the events of a case, the changes of a
center's worklist. The table is the truth. The feed asks it every `POLL` seconds for what is new to anybody, with one
statement a stream however many follow; who comes later, or back, reads from the table first.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from typing import cast as typed
from uuid import UUID

from sqlalchemy import BigInteger, Column, Result, Table, Uuid, cast, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.errors import traced
from tongban.events.models import WorklistChange
from tongban.storage.database import Sessions

POLL = 0.25
"""Seconds between two looks, where nobody wakes the feed."""
BREATH = 0.02
"""Seconds between two looks at least, however often it is woken."""
PAUSE = 1.0
"""Seconds to wait for a database that does not answer."""
AT_ONCE = 4
"""Those who follow, at most, for whom the database is read at the same time."""
PAGE = 200
"""Rows of one key, at most, that are read at once."""
LONGEST_QUEUE = 1_000
"""Rows that wait for one reader at most; one who is slower is ended."""

log = logging.getLogger(__name__)
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stream:
    """A table, and the columns of its key and of the number within the key."""

    key: Column[Any]
    sequence: Column[Any]

    @property
    def table(self) -> Table:
        return self.key.table

    @classmethod
    def of(cls, key: Any, sequence: Any) -> "Stream":
        """The stream over two mapped columns of one model."""
        return cls(key.expression, sequence.expression)


WORKLISTS = Stream.of(WorklistChange.center_id, WorklistChange.sequence)


class Behind(Exception):
    """The reader was too slow, or the feed has ended: it has to come back and go on after `sequence`."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"go on after {sequence}")
        self.sequence = sequence


@dataclass(eq=False, slots=True)
class _Reader:
    """What waits for one who follows; `over` once it gets no more."""

    rows: asyncio.Queue[Row | None] = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE + 1))
    over: bool = False

    def put(self, row: Row) -> None:
        if self.over:
            return
        if self.rows.qsize() >= LONGEST_QUEUE:
            self.end()
        else:
            self.rows.put_nowait(row)

    def end(self) -> None:
        """Gives up what waits: it lies in the table."""
        if self.over:
            return
        self.over = True
        while not self.rows.empty():
            self.rows.get_nowait()
        self.rows.put_nowait(None)


@dataclass(eq=False, slots=True)
class _Watched:
    """A key that somebody follows, and the last number of it that was given to all of them."""

    head: int
    readers: set[_Reader] = field(default_factory=set)


class Feed:
    """One process's feed."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.turns = asyncio.Semaphore(AT_ONCE)
        """For all that reads the database for those who follow, so that requests find a connection beside them."""
        self._watched: dict[Stream, dict[UUID, _Watched]] = {}
        self._woken = asyncio.Event()
        self._ended = False

    def wake(self) -> None:
        """Something was committed: look now."""
        self._woken.set()

    def stop(self) -> None:
        """Ends all who follow; `run` returns."""
        self._ended = True
        for keys in self._watched.values():
            for watched in keys.values():
                for reader in watched.readers:
                    reader.end()
        self.wake()

    async def run(self) -> None:
        """Looks for what is new until it is stopped or canceled. Nothing that fails ends it."""
        try:
            while not self._ended:
                self._woken.clear()
                wait = POLL
                try:
                    if await self._poll():
                        continue
                except Exception as error:
                    log.warning("the feed can't look for what is new: %s", traced(error))
                    wait = PAUSE
                await asyncio.sleep(BREATH)
                await _within(wait, self._woken.wait())
        finally:
            self.stop()

    async def follow(self, stream: Stream, key: UUID, after: int) -> AsyncGenerator[Row, None]:
        """Every row of the key after that number: first those that are there, then each soon after its commit.

        No connection is held while it waits. Raises Behind where a reader was too slow or the feed ends.
        """
        at = after
        async with aclosing(self._stored(stream, key, at)) as rows:
            async for row in rows:
                at = row[stream.sequence.name]
                yield row
        with self._reading(stream, key, at) as reader:
            behind = True  # between the look at the table and now, something may have come
            while True:
                if behind:
                    async with aclosing(self._stored(stream, key, at)) as rows:
                        async for row in rows:
                            at = row[stream.sequence.name]
                            yield row
                new = await reader.rows.get()
                if new is None:
                    raise Behind(at)
                number = new[stream.sequence.name]
                behind = number > at + 1
                if number == at + 1:
                    at = number
                    yield new

    async def _stored(self, stream: Stream, key: UUID, after: int) -> AsyncGenerator[Row, None]:
        """What the table has after that number, page by page; waits for a database that does not answer."""
        while True:
            try:
                page = await self._page(stream, key, after)
            except Exception as error:
                log.warning("the feed can't read: %s", traced(error))
                await asyncio.sleep(PAUSE)
                continue
            for row in page:
                after = row[stream.sequence.name]
                yield row
            if len(page) < PAGE:
                return

    async def _page(self, stream: Stream, key: UUID, after: int) -> Sequence[Row]:
        later = select(stream.table).where(stream.key == key, stream.sequence > after)
        async with self.turns, self.sessions() as session:
            return _rows(await session.execute(later.order_by(stream.sequence).limit(PAGE)))

    @contextmanager
    def _reading(self, stream: Stream, key: UUID, at: int) -> Iterator[_Reader]:
        """A reader who gets what comes after the head of the key, which is `at` where nobody follows it yet."""
        keys = self._watched.setdefault(stream, {})
        watched = keys.setdefault(key, _Watched(at))
        reader = _Reader()
        if self._ended:
            reader.end()
        watched.readers.add(reader)
        self.wake()
        try:
            yield reader
        finally:
            watched.readers.discard(reader)
            if not watched.readers:
                keys.pop(key, None)

    async def _poll(self) -> bool:
        """Gives what is new to all who follow; whether there is more."""
        more = False
        for stream, keys in list(self._watched.items()):
            if not keys:
                continue
            heads = {key: watched.head for key, watched in keys.items()}
            counts: dict[UUID, int] = {}
            for row in await self._new(stream, heads):
                key = row[stream.key.name]
                counts[key] = counts.get(key, 0) + 1
                watched = keys.get(key)
                if watched is not None and row[stream.sequence.name] == watched.head + 1:
                    watched.head += 1
                    for reader in watched.readers:
                        reader.put(row)
            more = more or PAGE in counts.values()
        return more

    async def _new(self, stream: Stream, heads: Mapping[UUID, int]) -> Sequence[Row]:
        """The first rows after each key's head."""
        asked = (
            func.unnest(cast(list(heads), ARRAY(Uuid())), cast(list(heads.values()), ARRAY(BigInteger())))
            .table_valued(column("key", Uuid()), column("head", BigInteger()))
            .render_derived()
        )
        later = (
            select(stream.table)
            .where(stream.key == asked.c.key, stream.sequence > asked.c.head)
            .order_by(stream.sequence)
            .limit(PAGE)
            .lateral("later")
        )
        statement = select(later).select_from(asked.join(later, true()))
        async with self.sessions() as session:
            rows = _rows(await session.execute(statement))
        return sorted(rows, key=lambda row: row[stream.sequence.name])


async def head(session: AsyncSession, stream: Stream, key: UUID) -> int:
    """The last number given within the key; 0 where there is none."""
    return int(await session.scalar(select(func.max(stream.sequence)).where(stream.key == key)) or 0)


def _rows(result: Result[Any]) -> Sequence[Row]:
    return typed(Sequence[Row], result.mappings().all())


async def _within(seconds: float, wait: Coroutine[Any, Any, object]) -> None:
    """Waits for it, that long at most."""
    with suppress(TimeoutError):
        await asyncio.wait_for(wait, seconds)
