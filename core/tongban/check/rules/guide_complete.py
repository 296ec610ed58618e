"""The guide says all that a resident must know before coming, and its figures fit each other (S35; C0109)."""

import re

from tongban.check.report import Finding
from tongban.check.titles import Words, graded
from tongban.contract.items import ItemDefinition, ProcessingMode

SHORTEST = {"summary": 8, "result_name": 2, "fee": 2, "step": 3, "condition": 3, "question": 4, "answer": 4}
"""Characters below which a text says nothing."""
PLACEHOLDER = re.compile(r"^\W*(?:待定|待补|暂无|略|无|同上|todo|tbd|n/?a|x{2,}|test|测试)\W*$", re.IGNORECASE)
FREE = re.compile(r"不收费|免费|不收取|无需缴费|无须缴费|free of charge|no fee|^free$", re.IGNORECASE)
CHARGED = re.compile(r"规定收取|\bcharge[sd]\b", re.IGNORECASE)
CERTIFICATE = re.compile(r"(?<!凭)证$")


def guide_complete(item: ItemDefinition) -> Finding:
    """Texts that say something, days and fees that fit each other, and a reason where the item is no tongban item."""
    fails: list[Words] = [*_texts(item), *_days(item)]
    warns: list[Words] = []
    guide = item.guide
    if not item.delivery_routes:
        fails.append(("没有反馈方式", "No delivery route"))
    if not item.audiences and item.tongban_from is not None:
        fails.append(("没有面向对象", "No audience"))
    free, charged = FREE.search(guide.fee) is not None, CHARGED.search(guide.fee) is not None
    if (charged or not free) and not (guide.fee_basis or "").strip():
        if not free and not item.legal_basis:
            fails.append((f"收费（{guide.fee}）没有任何依据", f"A fee without any basis: {guide.fee}"))
        else:
            warns.append((f"收费（{guide.fee}）没有写明依据", f"The basis of the fee is not named: {guide.fee}"))
    if not any(basis.strip() for basis in item.legal_basis):
        warns.append(("没有设定依据", "No legal basis"))
    result = re.sub(r"[（(].*?[)）]|[《》“”\s]", "", guide.result_name)
    if item.immediate and CERTIFICATE.search(result):
        warns.append(
            (f"结果是“{guide.result_name}”，却当场办结", f"Done on the spot, but gives a certificate: {result}")
        )
    if item.mode is ProcessingMode.LOCAL_ONLY:
        if not (item.exception_analysis or "").strip():
            fails.append(("未通办事项没有分析论证", "No analysis of why it is an exception"))
        if item.review_on is None:
            fails.append(("未通办事项没有复核日期", "An exception without a day of review"))
    passes = ("指南各项齐全，时限、收费和依据相互一致", "Every part of the guide is there; days, fee and basis agree")
    return graded("guide-complete", fails, warns, passes)


def _texts(item: ItemDefinition) -> list[Words]:
    guide = item.guide
    texts = [
        ("概述", "summary", (guide.summary,)),
        ("办理结果", "result_name", (guide.result_name,)),
        ("收费", "fee", (guide.fee,)),
        ("办理步骤", "step", guide.steps),
        ("受理条件", "condition", guide.conditions),
        ("标准问题", "question", tuple(each.question for each in guide.questions)),
        ("标准答复", "answer", tuple(each.answer for each in guide.questions)),
    ]
    found: list[Words] = []
    for name, key, values in texts:
        words = key.replace("_", " ")
        if not values:
            found.append((f"没有{name}", f"No {words}"))
        found += [
            (f"{name}过于简略：“{value}”", f'{words} says nothing: "{value}"')
            for value in values
            if len(value.strip()) < SHORTEST[key] or PLACEHOLDER.match(value)
        ]
    for name, words, value in (("名称", "name", item.name), ("来源", "provenance", item.provenance)):
        if not value.strip():
            found.append((f"没有{name}", f"No {words}"))
    return found


def _days(item: ItemDefinition) -> list[Words]:
    found: list[Words] = []
    promised, statutory, extra = item.promised_days, item.statutory_days, item.extra_days_for_split
    if promised < 0:
        found.append((f"承诺时限为{promised}日", f"{promised} days are promised"))
    if statutory is not None and promised > statutory:
        found.append(
            (
                f"承诺时限{promised}日长于法定时限{statutory}日",
                f"{promised} days are promised, the law allows {statutory}",
            )
        )
    if extra < 0 or (extra and item.mode is not ProcessingMode.SPLIT):
        found.append(
            (
                f"收受分离增加的{extra}日只用于收受分离事项",
                f"{extra} extra days for split acceptance, but the item is {item.mode}",
            )
        )
    if item.immediate and item.mode is ProcessingMode.SPLIT:
        found.append(("收受分离事项不能当场办结", "What is passed on to another center can't be done on the spot"))
    return found
