"""What a request works with: who asks, when, in which language, and one session that everything read goes through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias, TypeVar, cast

import strawberry
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader

from tongban.catalog.signing import Signer
from tongban.centers.hours import day_in_shanghai
from tongban.documents.files import Files
from tongban.events.feed import Feed
from tongban.graphql.errors import Unavailable, reaching, translated
from tongban.identity.actor import Actor
from tongban.registry import Registry
from tongban.storage.database import Sessions

Found = TypeVar("Found")
Row: TypeAlias = Mapping[str, Any]
"""A row by its columns' names."""


@dataclass(slots=True)
class Desk:
    """One request's context; `base` is the address at which it reached us.

    Statements of a request run one after another, on one connection.
    """

    sessions: Sessions
    registry: Registry
    signer: Signer
    actor: Actor
    now: datetime
    files: Files
    language: str = "zh"
    base: str = "/"
    clock: Callable[[], datetime] | None = None
    """For what goes on after `now`."""
    feed: Feed | None = None
    """What is committed, for subscriptions; None where nothing runs between requests."""
    committed: Callable[[], None] = lambda: None
    """Called after each commit."""
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    _reading: AsyncSession | None = None
    _over: bool = False
    _told: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def today(self) -> date:
        """The date in Shanghai."""
        return day_in_shanghai(self.now)

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """What the statement finds, each row by its columns' names."""

        async def found(session: AsyncSession) -> Sequence[Row]:
            return cast(Sequence[Row], (await session.execute(statement)).mappings().all())

        return await self.read(found)

    async def read(self, do: Callable[[AsyncSession], Awaitable[Found]]) -> Found:
        """What `do` finds through the session of all reads. One after another reads, and nothing of it is kept.

        It is not broken off where a field beside it fails, since that would break the connection.
        """
        return await asyncio.shield(self._read(do))

    async def _read(self, do: Callable[[AsyncSession], Awaitable[Found]]) -> Found:
        async with self._turn:
            if self._over:
                raise Unavailable  # nobody waits for the answer any more
            with translated():
                if self._reading is None:
                    self._reading = await self._connected()
                try:
                    return await do(self._reading)
                except Exception:
                    await self._reading.rollback()  # what failed must not fail the reads that follow
                    raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end of the block, or not at all."""
        async with self._turn:
            await self._forget()
            with translated():
                session = await self._connected()
                try:
                    yield session
                    await session.commit()
                except BaseException:
                    await session.close()
                    raise
                self._reading = session  # the answer is read over the same connection
                self.committed()

    async def _connected(self) -> AsyncSession:
        """A session that holds its connection already. Raises Unavailable where there is none to be had."""
        session = self.sessions()
        with reaching():
            await session.connection()
        return session

    def loader(self, key: Hashable, load: Callable[[list[Any]], Any]) -> DataLoader[Any, Any]:
        """The loader that collects all askers under `key` into one call of `load`."""
        if key not in self.loaders:
            self.loaders[key] = DataLoader(load_fn=load)
        return self.loaders[key]

    async def anew(self) -> None:
        """Begins the next answer of a subscription, at its own time, once it is its turn among all that are told."""
        if self.feed is not None and not self._told:
            await self.feed.turns.acquire()
            self._told = True
        if self.clock is not None:
            self.now = self.clock()

    async def rest(self) -> None:
        """Gives back turn and connection, and forgets what was loaded: the next answer may be long in coming."""
        async with self._turn:
            await self._forget()
        self._pass_on()

    def _pass_on(self) -> None:
        if self.feed is not None and self._told:
            self._told = False
            self.feed.turns.release()

    async def close(self) -> None:
        """Ends the request. Who still reads, after a field beside it has failed, ends first; nobody may begin."""
        self._over = True
        self._pass_on()
        async with self._turn:
            await self._forget()

    async def _forget(self) -> None:
        """Ends the reading session; what was loaded is forgotten, since it may change now."""
        self.loaders.clear()
        if self._reading is not None:
            session, self._reading = self._reading, None
            await session.close()


Info: TypeAlias = strawberry.Info[Desk, None]
