"""Puts applications to a department's rules, and lives through whatever they do: raise, hang, answer rubbish."""

import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from time import perf_counter
from types import FrameType
from typing import Any, NamedTuple

from tongban.check.titles import Words
from tongban.check.watch import profiled, watched
from tongban.contract.applications import Application
from tongban.contract.items import ProcessingMode
from tongban.contract.problems import Problem, ProblemCode

Judge = Callable[[Application], Sequence[Problem] | None]
ModeOf = Callable[[Application], ProcessingMode | None]
LONGEST_CALL = 1.0
"""Seconds that one answer may take."""
LARGEST_ANSWER = 64 * 1024
"""Bytes of all texts of one answer, at most."""
MOST_PROBLEMS = 500


class Fault(StrEnum):
    """Something that is wrong with the answers of a department's rules."""

    HANGS = "HANGS"
    RAISES = "RAISES"
    GARBAGE = "GARBAGE"
    FLIPS = "FLIPS"
    WORLD = "WORLD"
    CLOCK = "CLOCK"
    CHANGES_INPUT = "CHANGES_INPUT"
    CENTER = "CENTER"
    DISTRICT = "DISTRICT"
    MODE = "MODE"


Key = tuple[str, str | None, tuple[str, ...]]
"""What makes a problem the same problem: code, detail and path."""


class Said(NamedTuple):
    """The part of a problem that must be the same everywhere."""

    code: str
    detail: str | None
    path: tuple[str, ...]
    message: str


class Answer(NamedTuple):
    """An answer as far as it is compared: problems and mode, or how the rules failed."""

    problems: tuple[Said, ...]
    mode: ProcessingMode | None
    fault: Fault | None = None
    reason: str = ""

    @property
    def told(self) -> frozenset[Key]:
        """The problems without their words, which may quote the application."""
        return frozenset((said.code, said.detail, said.path) for said in self.problems)


class Closed(BaseException):
    """The rules took too long: nothing more is asked of them."""


class _TimeUp(BaseException):
    """Raised inside the rules when their time is over; they can't take it for an error of their own."""


class Court:
    """Asks one department's rules, in this thread: each answer within `limit` seconds, all of them within `budget`."""

    def __init__(self, judge: Judge, mode_of: ModeOf, limit: float = LONGEST_CALL, budget: float = math.inf) -> None:
        self._judge, self._mode_of, self._limit, self._budget = judge, mode_of, limit, budget
        self._by_signal = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
        self._inside = False
        self.calls, self.spent = 0, 0.0
        self.hung_on: Application | None = None

    @contextmanager
    def session(self) -> Iterator[None]:
        """While it lasts, the alarm signal of the process is the court's."""
        if not self._by_signal:
            yield
            return
        before = signal.signal(signal.SIGALRM, self._ring)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def ask(self, application: Application) -> Answer:
        """What the rules say. Raises Closed where they take too long."""
        return self._ask(application, self._judge, self._mode_of)

    def watch(self, application: Application) -> tuple[Answer, frozenset[str], frozenset[str]]:
        """The same, with what the rules did beside: with the outside world; with the clock and chance."""
        world: set[str] = set()
        clock: set[str] = set()

        def judge(application: Application) -> Sequence[Problem] | None:
            with watched(world), profiled(world, clock):
                return self._judge(application)

        def mode_of(application: Application) -> ProcessingMode | None:
            with watched(world), profiled(world, clock):
                return self._mode_of(application)

        return self._ask(application, judge, mode_of), frozenset(world), frozenset(clock)

    def _ask(self, application: Application, judge: Judge, mode_of: ModeOf) -> Answer:
        if self.hung_on is not None:
            raise Closed
        self.calls += 1
        answer = Answer((), None)
        began = perf_counter()
        try:
            if self._by_signal:
                self._inside = True
                signal.setitimer(signal.ITIMER_REAL, self._limit, self._limit)
            try:
                answer = _answer(judge(application), mode_of(application))
            finally:
                self._inside = False
        except _TimeUp:
            pass
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            answer = Answer((), None, Fault.RAISES, _words_of(error))
        if self._by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
        took = perf_counter() - began
        self.spent += took
        if took >= self._limit or self.spent >= self._budget:
            self.hung_on = application
            raise Closed
        return answer

    def _ring(self, _: int, __: FrameType | None) -> None:
        if self._inside:
            raise _TimeUp


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same. The words of an exception don't count: they may quote an address in memory."""
    return one[:3] == other[:3]


def _words_of(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except Exception:
        return type(error).__name__


def _answer(problems: Any, mode: Any) -> Answer:
    """The answer, or what is wrong with its kind or size."""
    if mode is not None and not isinstance(mode, ProcessingMode):
        return _garbage(f"the mode is {type(mode).__name__}, not ProcessingMode")
    if problems is None or (isinstance(problems, tuple | list) and not problems):
        return _NOTHING[mode]
    if not isinstance(problems, tuple | list):
        return _garbage(f"the answer is {type(problems).__name__}, not a tuple or list of Problem")
    if len(problems) > MOST_PROBLEMS:
        return _garbage(f"{len(problems)} problems; at most {MOST_PROBLEMS}")
    said, size = [], 0
    for problem in problems:
        texts = _texts(problem)
        if isinstance(texts, str):
            return _garbage(texts)
        size += sum(map(len, texts))
        if size > LARGEST_ANSWER:
            return _garbage(f"the answer is larger than {LARGEST_ANSWER} bytes")
        said.append(Said(problem.code.value, problem.detail, problem.path, problem.message))
    return Answer(tuple(said), mode)


def _texts(problem: Any) -> list[bytes] | str:
    """The texts of a problem as bytes; a sentence on what is wrong with its kind."""
    if not isinstance(problem, Problem):
        return f"the answer holds {type(problem).__name__}, not Problem"
    if not isinstance(problem.code, ProblemCode):
        return "a problem's code is no ProblemCode"
    optional = [problem.message_en, problem.detail, problem.next_step, problem.next_step_en]
    if not isinstance(problem.path, tuple):
        return "a problem's path is no tuple"
    texts = [problem.message, *problem.path, *(text for text in optional if text is not None)]
    if not all(isinstance(text, str) for text in texts):
        return "a problem holds something else than text"
    if sum(map(len, texts)) > LARGEST_ANSWER:
        return f"the answer is larger than {LARGEST_ANSWER} bytes"
    if not problem.message.strip():
        return "a problem has no message"
    try:
        return [text.encode() for text in texts]
    except UnicodeEncodeError:
        return "a problem's text is not Unicode"


def _garbage(reason: str) -> Answer:
    return Answer((), None, Fault.GARBAGE, reason)


_NOTHING = {mode: Answer((), mode) for mode in (None, *ProcessingMode)}


def of_fault(answer: Answer) -> Words:
    """How the rules failed, in words."""
    if answer.fault is Fault.RAISES:
        return f"规则抛出异常：{answer.reason}", f"The rules raise {answer.reason}"
    return f"回答不合规范：{answer.reason}", f"The answer is no answer: {answer.reason}"
