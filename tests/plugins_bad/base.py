"""What the bad plugins share: an item that keeps every rule of the check, so that only what is meant is wrong."""

from dataclasses import replace
from datetime import date
from typing import Any

from tongban import (
    Audience,
    Department,
    Guide,
    GuideQuestion,
    ItemDefinition,
    MaterialRequirement,
    ProcessingMode,
    RoutingBasis,
    Sample,
)

ITEM = ItemDefinition(
    code="",
    name="照护需求登记",
    themes=("为老服务",),
    mode=ProcessingMode.DIRECT,
    audiences=(Audience.HUKOU, Audience.RESIDENCE_PERMIT),
    routing_basis=RoutingBasis.NONE,
    guide=Guide(
        summary="需要照护的老人登记照护需求。",
        steps=("提交申请和身份证", "窗口登记"),
        conditions=("年满60周岁",),
        fee="不收费",
        result_name="照护需求登记告知书",
        questions=(GuideQuestion(question="多久有结果？", answer="五个工作日。"),),
    ),
    form={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["since"],
        "properties": {
            "since": {"title": "需要照护的起始日期", "type": "string", "format": "date"},
            "hours": {"title": "每周照护时数", "type": "integer", "minimum": 1, "maximum": 168},
        },
    },
    materials=(MaterialRequirement(material="M-ID"),),
    promised_days=5,
    provenance="made up for a test",
    legal_basis=("《中华人民共和国老年人权益保障法》",),
    sample=Sample(form={"since": "2016-01-01"}, age=70),
    tongban_from=date(2018, 3, 1),
)


def a_department(code: str, **said: Any) -> Department:
    """A department with one item, good but for what is `said` of the item."""
    item = replace(ITEM, code=f"{code}-001", **said)
    return Department(code=code, name="试验", name_en="Trial", provenance="made up for a test", items=(item,))
