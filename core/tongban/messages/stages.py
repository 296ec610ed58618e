"""What the resident is told at each stage of a case, in Chinese and English."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a case as the resident is told of it: its title, and what happens next."""

    zh: str
    en: str
    next_zh: str
    next_en: str


STAGES = {
    "RECEIVED": Stage(
        "已收件",
        "Received",
        "受理中心正在核对材料，并会告知您是否受理。您暂时不必前来。",
        "The center looks whether everything is there, and will tell you. There is nothing for you to do.",
    ),
    "IN_REVIEW": Stage(
        "审核中",
        "In review",
        "已受理，正在审核，承诺期限内会有决定。您不必前来。",
        "Accepted; it will be decided within the promised time. There is nothing for you to do.",
    ),
    "SUPPLEMENT_NEEDED": Stage(
        "待补正",
        "Something is needed from you",
        "请在{until}前一次补齐所告知的材料：可在网上补交，或到收件中心。补齐之前，承诺期限暂停计算。",
        "Please hand in what you were asked for, all of it, by {until_en}: online, or at the center that received "
        "your application. Until then the promised time rests.",
    ),
    "DECIDED": Stage(
        "已决定",
        "Decided",
        "已作出决定，结果即将送达。请等候通知。",
        "It is decided, and the result is on its way to you.",
    ),
    "DONE": Stage(
        "已办结",
        "Done",
        "结果已送达。欢迎您对这次服务作出评价。",
        "The result was delivered. You are welcome to rate this service.",
    ),
    "RATED": Stage(
        "已办结",
        "Done",
        "结果已送达。感谢您的评价。",
        "The result was delivered. Thank you for your rating.",
    ),
    "RETURNED": Stage(
        "已退回",
        "Returned",
        "材料不齐，未予受理。请按告知一次补齐后重新申请。",
        "Not accepted, since something is missing. Please apply anew with everything that you were told.",
    ),
    "WITHDRAWN": Stage(
        "已撤回",
        "Withdrawn",
        "申请已按您的意愿撤回。如仍需办理，请重新申请。",
        "Withdrawn as you wished. If you need it after all, please apply anew.",
    ),
}
"""What the resident is told at each stage; `RATED` is `DONE` once it is rated."""


def stage_told(stage: str, language: str, until: date | None, rated: bool) -> tuple[str, str]:
    """Title and next step of a stage; `until` is the day by which something is needed from the resident."""
    told = STAGES["RATED" if rated else stage]
    if language == "en":
        return told.en, told.next_en.format(until_en=until)
    return told.zh, told.next_zh.format(until=until and f"{until.year}年{until.month}月{until.day}日")
