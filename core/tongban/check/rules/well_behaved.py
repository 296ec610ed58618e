"""The rules answer, each time the same, soon, and by what they are given alone."""

from tongban.check.court import LARGEST_ANSWER, Fault
from tongban.check.examples import application_as_data
from tongban.check.report import Finding
from tongban.check.titles import Words, graded
from tongban.check.trial import Sign, Trial

SERIOUS = (
    Fault.HANGS,
    Fault.RAISES,
    Fault.GARBAGE,
    Fault.FLIPS,
    Fault.CHANGES_INPUT,
    Fault.WORLD,
    Fault.CLOCK,
)
"""In the order in which they are told; the first one's application is the example."""


def well_behaved(trial: Trial, limit: float) -> Finding:
    """No error, no hang, no rubbish, no chance, no clock and no outside world, on whatever was tried.

    What it can see: exceptions; time over `limit` seconds; kind and size of answers; a second answer that differs from
    the first; changes of the form; files, network, processes and new modules by audit events; calls of the clock and of
    shared chance from Python code. It can't see a clock that is read in C, nor a rare case that was not tried.
    """
    signs = [trial.signs[fault] for fault in SERIOUS if fault in trial.signs]
    passes: Words = (
        f"{trial.court.calls}次询问无异常、均未超过{limit:g}秒、回答规范且前后一致；"
        "未见读写文件、联网、启动进程、加载模块，未见Python代码调用时钟或随机数",
        f"{trial.court.calls} questions: no error, each answered within {limit:g} s, of the right kind and size, the "
        "same each time; no file, network, process or new module touched; no Python code called the clock or chance",
    )
    example = application_as_data(signs[0].application) if signs else None
    return graded("well-behaved", [_words(sign, limit) for sign in signs], [], passes, example=example)


def _words(sign: Sign, limit: float) -> Words:
    match sign.fault:
        case Fault.HANGS if sign.words:
            return f"{sign.words}次询问耗时过长", f"{sign.words} questions took too long in all"
        case Fault.HANGS:
            return f"一次询问超过{limit:g}秒没有回答", f"No answer within {limit:g} s"
        case Fault.RAISES:
            return f"抛出异常{sign.words}", f"Raises {sign.words}"
        case Fault.GARBAGE:
            return f"回答不合规范：{sign.words}", f"No proper answer: {sign.words} (at most {LARGEST_ANSWER} bytes)"
        case Fault.FLIPS:
            return "同一份申请前后回答不同", "The same application gets another answer the second time"
        case Fault.CHANGES_INPUT:
            return "改动了交给它的申请表", "Changes the form that it is given"
        case Fault.WORLD:
            return f"接触外部：{sign.words}", f"Touches the outside world: {sign.words}"
        case _:
            return f"读取时钟或随机数：{sign.words}", f"Reads the clock or chance: {sign.words}"
