"""What residents are told in notices, by name, in Chinese and English."""

from dataclasses import dataclass

from tongban.contract.notices import NoticeKind


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice to a resident in one language: what happened, and what to do next where there is something to do."""

    title: str
    text: str
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeTexts:
    """A notice in both languages. `{names}` are filled in."""

    kind: NoticeKind
    zh: NoticeText
    en: NoticeText


N, T = NoticeKind, NoticeText
NOTICES = {
    "received": NoticeTexts(
        N.RECEIVED,
        T(
            "已收到您的申请",
            "您申请的《{item}》已由{center}收到，办件编号{number}，承诺{due}前办结。",
            "目前无需您办理，可凭办件编号查询进度。如有疑问请联系{contact}。",
        ),
        T(
            "We have received your application",
            "{center} has received your application for {item}. Its number is {number}. It is to be decided by {due}.",
            "There is nothing to do now. You can follow it by its number. Questions: {contact}.",
        ),
    ),
    "in_review": NoticeTexts(
        N.IN_REVIEW,
        T(
            "您的申请正在审核",
            "您申请的《{item}》（办件编号{number}）已受理，开始审核，承诺{due}前办结。",
            "目前无需您办理，有结果会通知您。如有疑问请联系{contact}。",
        ),
        T(
            "Your application is in review",
            "Your application for {item} (number {number}) is accepted and in review. It is to be decided by {due}.",
            "There is nothing to do now; you will hear of the result. Questions: {contact}.",
        ),
    ),
    "supplement_needed": NoticeTexts(
        N.SUPPLEMENT_NEEDED,
        T(
            "请补交材料",
            "您申请的《{item}》（办件编号{number}）还需要：{materials}。",
            "请最晚于{until}交到{contact}。收到后继续审核，等待期间不计入办理时限。",
        ),
        T(
            "More is needed for your application",
            "Your application for {item} (number {number}) still needs: {materials}.",
            "Please hand it in by {until}: {contact}. The review then goes on; the time until then is not counted.",
        ),
    ),
    "supplement_received": NoticeTexts(
        N.SUPPLEMENT_RECEIVED,
        T(
            "已收到您补交的材料",
            "您为《{item}》（办件编号{number}）补交的材料已收到，继续审核，承诺{due}前办结。",
            "目前无需您办理，有结果会通知您。如有疑问请联系{contact}。",
        ),
        T(
            "We have received what was missing",
            "What you handed in for {item} (number {number}) has been received. The review goes on; it is to be "
            "decided by {due}.",
            "There is nothing to do now; you will hear of the result. Questions: {contact}.",
        ),
    ),
    "supplement_expired": NoticeTexts(
        N.SUPPLEMENT_EXPIRED,
        T(
            "补交材料的期限已过",
            "《{item}》（办件编号{number}）没有在期限内收到补交的材料，将按现有材料继续审核。",
            "如仍需补交，请尽快联系{contact}。",
        ),
        T(
            "The time to hand in what was missing is over",
            "Nothing more was received in time for {item} (number {number}). The review goes on with what is there.",
            "If you still want to hand something in, please ask soon: {contact}.",
        ),
    ),
    "approved": NoticeTexts(
        N.DECIDED,
        T("您的申请已获批准", "您申请的《{item}》（办件编号{number}）已获批准。", "{result}"),
        T("Your application is approved", "Your application for {item} (number {number}) is approved.", "{result}"),
    ),
    "rejected": NoticeTexts(
        N.DECIDED,
        T(
            "您的申请未获批准",
            "您申请的《{item}》（办件编号{number}）未获批准，决定中写明了理由和救济途径。",
            "{result}",
        ),
        T(
            "Your application is not approved",
            "Your application for {item} (number {number}) is not approved. The decision says why, and how to appeal.",
            "{result}",
        ),
    ),
    "ready": NoticeTexts(
        N.READY,
        T("结果可以领取了", "《{item}》（办件编号{number}）的结果已到{center}窗口。", "请带身份证件领取：{contact}。"),
        T(
            "Your result is ready",
            "The result of {item} (number {number}) is at the counter of {center}.",
            "Please bring your identity document to collect it: {contact}.",
        ),
    ),
    "done": NoticeTexts(
        N.DONE,
        T("您的申请已办结", "《{item}》（办件编号{number}）的结果已送达，申请办结。", "欢迎您评价本次服务。"),
        T(
            "Your application is done",
            "The result of {item} (number {number}) has been delivered.",
            "You are welcome to rate the service.",
        ),
    ),
    "returned": NoticeTexts(
        N.RETURNED,
        T(
            "您的申请已退回",
            "您申请的《{item}》（办件编号{number}）已退回，需要：{materials}。",
            "备齐后可到任一受理中心重新申请。如有疑问请联系{contact}。",
        ),
        T(
            "Your application was returned",
            "Your application for {item} (number {number}) was returned. It needs: {materials}.",
            "You can apply again at any center once you have everything. Questions: {contact}.",
        ),
    ),
    "withdrawn": NoticeTexts(
        N.WITHDRAWN,
        T(
            "您的申请已撤回",
            "您申请的《{item}》（办件编号{number}）已撤回，不再办理。",
            "如仍需办理，可到任一受理中心重新申请。如非您本人撤回，请联系{contact}。",
        ),
        T(
            "Your application was withdrawn",
            "Your application for {item} (number {number}) was withdrawn and goes no further.",
            "You can apply again at any center. If it was not you who withdrew it: {contact}.",
        ),
    ),
    "due_changed": NoticeTexts(
        N.DUE_CHANGED,
        T(
            "办结期限已调整",
            "您申请的《{item}》（办件编号{number}）现承诺{due}前办结。",
            "目前无需您办理。如有疑问请联系{contact}。",
        ),
        T(
            "The date of your decision has changed",
            "Your application for {item} (number {number}) is now to be decided by {due}.",
            "There is nothing to do now. Questions: {contact}.",
        ),
    ),
}
"""What residents are told, by name."""
RESULTS = {
    "sent": ("结果将直接送达您，无需再来。", "The result is sent to you; you need not come."),
    "here": (
        "请带身份证件领取结果：{contact}。",
        "Please bring your identity document to collect the result: {contact}.",
    ),
    "coming": (
        "结果到达{center}窗口后会通知您领取。",
        "You will hear from us when the result is at the counter of {center}.",
    ),
}
"""How the result of a decision is had, in Chinese and English."""
PROVISIONAL = ("（暂定）", " (provisional)")
"""Behind a day that a calendar not yet published may still move."""
AS_SAID = ("办件中写明的内容", "what is written in the case")
"""In place of a list of materials that is empty."""
