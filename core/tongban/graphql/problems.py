"""Problems as the public API shows them, in the caller's language."""

from collections.abc import Sequence

import strawberry

from tongban.contract import problems as contract
from tongban.contract.problems import ProblemCode


@strawberry.type(description="Something the caller can mend. All problems come at once.")
class Problem:
    code: ProblemCode
    message: str = strawberry.field(description="In the caller's language, for a person to read.")
    path: list[str] = strawberry.field(description='Where in the input, e.g. ["form", "birthDate"].')
    detail: str | None = strawberry.field(description="The plugin's own code, where a department's rule raised it.")
    next_step: str | None = strawberry.field(description="What to do next, and where.")


def shown(problems: Sequence[contract.Problem], language: str) -> list[Problem]:
    """The problems in Chinese, or in English where they have it and it is asked for."""
    english = language == "en"
    return [
        Problem(
            code=one.code,
            message=(one.message_en if english else None) or one.message,
            path=list(one.path),
            detail=one.detail,
            next_step=(one.next_step_en if english else None) or one.next_step,
        )
        for one in problems
    ]
