"""How an item is processed follows from what stands in the way, and from nothing else (S17)."""

from collections.abc import Collection

from tongban.check.court import Fault
from tongban.check.examples import application_as_data
from tongban.check.report import Finding
from tongban.check.titles import Words, graded
from tongban.check.trial import Trial
from tongban.contract.items import Barrier, ProcessingMode

OWN_CENTER_CAN = frozenset({Barrier.LEGAL_RESTRICTION, Barrier.CROSS_DISTRICT_SETTLEMENT, Barrier.FIELD_VERIFICATION})
"""Barriers that the applicant's own center can discharge alone, behind any receiving center."""


def derived_mode(barriers: Collection[Barrier]) -> ProcessingMode:
    """No barrier: DIRECT. Only barriers that the applicant's own center can discharge: SPLIT. Any other: LOCAL_ONLY."""
    if not barriers:
        return ProcessingMode.DIRECT
    return ProcessingMode.SPLIT if OWN_CENTER_CAN.issuperset(barriers) else ProcessingMode.LOCAL_ONLY


def mode_from_barriers(trial: Trial, barriers: tuple[Barrier, ...]) -> Finding:
    """The declared mode is the derived one, and no single case gets a mode that was not admitted."""
    item, mode = trial.item, derived_mode(barriers)
    named = ", ".join(barriers) or "—"
    fails: list[Words] = []
    if item.mode is not mode:
        found = [barrier for barrier in barriers if barrier not in item.barriers]
        hint = f"（其中检查发现：{', '.join(found)}）" if found else ""
        hint_en = f" (found by the check: {', '.join(found)})" if found else ""
        fails.append(
            (
                f"申报的受理方式为{item.mode}，按障碍{named}{hint}应为{mode}",
                f"Declared {item.mode}; the barriers {named}{hint_en} give {mode}",
            )
        )
    sign = trial.signs.get(Fault.MODE)
    if sign is not None:
        fails.append(
            (
                f"规则对个案给出{sign.words}，事项准入为{item.mode}",
                f"The rules say {sign.words} of a case; the item is {item.mode}",
            )
        )
    passes = (f"障碍{named}，受理方式{mode}", f"Barriers {named}: {mode}")
    example = None if sign is None else application_as_data(sign.application)
    return graded("mode-from-barriers", fails, [], passes, example=example)
