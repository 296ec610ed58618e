"""Tongban: apply for any service item at any community affairs service center (全市通办).

This front door is all that a plugin may import, be it a department's or a channel's.
"""

from tongban.contract.applications import (
    Applicant,
    Application,
    Hukou,
    ReceivingCenter,
    ResidencePermit,
    Sex,
    full_years,
)
from tongban.contract.form_values import date_in, integer_in, number_in
from tongban.contract.hooks import CONTRACT_VERSION, hookimpl
from tongban.contract.items import (
    Audience,
    Barrier,
    DeliveryRoute,
    Department,
    Guide,
    GuideQuestion,
    ItemDefinition,
    MaterialDefinition,
    MaterialRequirement,
    Necessity,
    ProcessingMode,
    RoutingBasis,
    Sample,
)
from tongban.contract.notices import ChannelGone, Delivery, NotDelivered, Notice, NoticeKind, ResidentStage
from tongban.contract.problems import Problem, ProblemCode
from tongban.contract.rules import Rule, all_problems, form_invalid, not_eligible, not_in_future
from tongban.definitions import DefinitionError, read_department

__all__ = [
    "CONTRACT_VERSION",
    "Applicant",
    "Application",
    "Audience",
    "Barrier",
    "ChannelGone",
    "DefinitionError",
    "Delivery",
    "DeliveryRoute",
    "Department",
    "Guide",
    "GuideQuestion",
    "Hukou",
    "ItemDefinition",
    "MaterialDefinition",
    "MaterialRequirement",
    "Necessity",
    "NotDelivered",
    "Notice",
    "NoticeKind",
    "Problem",
    "ProblemCode",
    "ProcessingMode",
    "ReceivingCenter",
    "ResidencePermit",
    "ResidentStage",
    "RoutingBasis",
    "Rule",
    "Sample",
    "Sex",
    "all_problems",
    "date_in",
    "form_invalid",
    "full_years",
    "hookimpl",
    "integer_in",
    "not_eligible",
    "not_in_future",
    "number_in",
    "read_department",
]
