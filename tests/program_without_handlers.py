"""The real program, where a topic that has no handler yet gets one that does nothing."""

from sqlalchemy.ext.asyncio import AsyncSession

from tongban.background import HANDLERS
from tongban.cli import main
from tongban.events.outbox import Message
from tongban.events.words import Topic


async def nothing(_session: AsyncSession, _message: Message) -> None:
    """Done by being looked at."""


if __name__ == "__main__":
    for topic in Topic:
        HANDLERS.setdefault(topic, nothing)
    main()
