"""Service items (事项) as a department defines them: guide, form, materials, mode, days.

Names follow the public API; the fields that the national exchange format C0109 asks for have their counterparts
here (brief, features §4.1). Everything is a frozen value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from tongban.contract.applications import Sex


class _Exact:
    """A value that refuses unknown keys when it is read from data (pydantic reads this mark)."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class ProcessingMode(StrEnum):
    """How a case of the item is processed."""

    DIRECT = "DIRECT"
    """直接受理: any center does all of it."""
    SPLIT = "SPLIT"
    """收受分离: any center receives, the applicant's own center handles."""
    LOCAL_ONLY = "LOCAL_ONLY"
    """Not tongban: only where the applicant's household is registered."""


class Audience(StrEnum):
    """Who may apply. `ANYONE` asks for neither Shanghai hukou nor a residence permit."""

    HUKOU = "HUKOU"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    ANYONE = "ANYONE"


class Barrier(StrEnum):
    """What stands in the way of doing an item city-wide (S16, S18-S21)."""

    LEGAL_RESTRICTION = "LEGAL_RESTRICTION"
    CROSS_DISTRICT_SETTLEMENT = "CROSS_DISTRICT_SETTLEMENT"
    FIELD_VERIFICATION = "FIELD_VERIFICATION"
    APPLICANT_CANNOT_PROVIDE = "APPLICANT_CANNOT_PROVIDE"
    DISTRICT_BATCH_WINDOWS = "DISTRICT_BATCH_WINDOWS"
    DISTRICT_VARIANT_AMOUNT = "DISTRICT_VARIANT_AMOUNT"
    DIVERGENT_DISTRICT_STANDARD = "DIVERGENT_DISTRICT_STANDARD"


class RoutingBasis(StrEnum):
    """Which of the applicant's places names the handling center."""

    NONE = "NONE"
    HUKOU = "HUKOU"
    RESIDENCE = "RESIDENCE"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    EMPLOYER = "EMPLOYER"


class DeliveryRoute(StrEnum):
    """How the result reaches the resident (反馈)."""

    DIRECT_TO_RESIDENT = "DIRECT_TO_RESIDENT"
    VIA_RECEIVING_CENTER = "VIA_RECEIVING_CENTER"


class Necessity(StrEnum):
    """When a material is needed; `DEFERRABLE` may be handed in later (容缺)."""

    ALWAYS = "ALWAYS"
    CONDITIONAL = "CONDITIONAL"
    DEFERRABLE = "DEFERRABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideQuestion(_Exact):
    """A standard answer (S39): counter and public guide read the same text."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide(_Exact):
    """办事指南: what a resident reads before coming."""

    summary: str
    steps: tuple[str, ...]
    conditions: tuple[str, ...]
    fee: str
    result_name: str
    fee_basis: str | None = None
    questions: tuple[GuideQuestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialDefinition(_Exact):
    """A kind of material (材料). `produced_by` names the item whose result it is (S37)."""

    code: str
    name: str
    issuer: str
    provenance: str
    name_en: str | None = None
    produced_by: str | None = None
    produced_when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialRequirement(_Exact):
    """One material that an item asks for.

    A CONDITIONAL requirement has `condition`, the words for people, and `when`, a JSON Schema: the material is needed
    exactly when the application's form validates against it.
    """

    material: str
    necessity: Necessity = Necessity.ALWAYS
    condition: str | None = None
    when: Mapping[str, Any] | None = None
    copies: int = 1
    original_shown: bool = True
    accepts_certificate: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(_Exact):
    """A smallest application that is accepted: for drills, documentation and checks.

    The applicant is `age` years old, with or without Shanghai hukou and a valid residence permit, and brings every
    material that `form` makes necessary.
    """

    form: Mapping[str, Any] = field(default_factory=dict)
    age: int = 40
    sex: Sex = Sex.FEMALE
    shanghai_hukou: bool = True
    permit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDefinition(_Exact):
    """One service item as its department defines it.

    Dates are the first days on which something holds: `tongban_from`, that any center takes it (None: never yet);
    `permit_holders_from`, that holders of a residence permit may apply beside those with hukou.
    Days are working days; 0 promised days means done on the spot (即办件). `extra_days_for_split` is published
    separately (S33). `form` is a JSON Schema 2020-12 without any field that the resident's record answers (S05).
    `provenance` says where the row's facts come from; a compiled row never passes for official.
    """

    code: str
    name: str
    themes: tuple[str, ...]
    mode: ProcessingMode
    audiences: tuple[Audience, ...]
    routing_basis: RoutingBasis
    guide: Guide
    form: Mapping[str, Any]
    materials: tuple[MaterialRequirement, ...]
    promised_days: int
    provenance: str
    name_en: str | None = None
    barriers: tuple[Barrier, ...] = ()
    exception_analysis: str | None = None
    review_on: date | None = None
    delivery_routes: tuple[DeliveryRoute, ...] = (
        DeliveryRoute.DIRECT_TO_RESIDENT,
        DeliveryRoute.VIA_RECEIVING_CENTER,
    )
    tongban_from: date | None = None
    permit_holders_from: date | None = None
    form_ui: Mapping[str, Any] = field(default_factory=dict)
    sample: Sample = field(default_factory=Sample)
    legal_basis: tuple[str, ...] = ()
    statutory_days: int | None = None
    extra_days_for_split: int = 0

    @property
    def immediate(self) -> bool:
        """Whether it is done on the spot."""
        return self.promised_days == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Department(_Exact):
    """A department (部门) with everything it offers at the counters."""

    code: str
    name: str
    name_en: str
    provenance: str
    items: tuple[ItemDefinition, ...] = ()
    materials: tuple[MaterialDefinition, ...] = ()
