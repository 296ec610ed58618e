"""The contract's enumerations, as the public API names them."""

import strawberry

from tongban.admission.words import MemberKind, ProposalKind, ProposalStatus, Stance
from tongban.cases.clocks import ClockKind
from tongban.cases.words import CaseAction, CaseStatus, Channel, DocumentPurpose, TransferPurpose
from tongban.catalog.words import ItemStatus
from tongban.centers.calendar import DayKind
from tongban.centers.models import CenterKind
from tongban.centers.words import CalendarKind
from tongban.check import Verdict
from tongban.contract.items import Audience, Barrier, DeliveryRoute, Necessity, ProcessingMode, RoutingBasis
from tongban.contract.notices import NoticeKind, ResidentStage
from tongban.contract.problems import ProblemCode
from tongban.documents.words import UploadState
from tongban.events.words import WorklistChangeKind
from tongban.identity.actor import Role
from tongban.notifications.words import NoticeStatus
from tongban.registry import PluginState

DESCRIPTIONS = {
    CaseAction: "What can be done with a case.",
    CaseStatus: "Where a case stands.",
    Channel: "Where an application came in.",
    ResidentStage: "Where a case stands for the resident.",
    TransferPurpose: "Why custody passes between two centers.",
    NoticeKind: "What a resident is told.",
    NoticeStatus: "Whether a notice has reached its channel.",
    DocumentPurpose: "What a document of a case is for.",
    UploadState: "Where an upload stands. Only what is STORED can be handed in.",
    ItemStatus: "Where a version of an item stands.",
    CalendarKind: "How a day departs from the plain week.",
    ClockKind: "Whose time a clock counts: A's, the way's between two centers, B's, or the delivery's.",
    DayKind: "What a day is in the city's calendar.",
    CenterKind: "A main center, or a branch of one.",
    Audience: "Who may apply. `ANYONE` asks for neither Shanghai hukou nor a residence permit.",
    Barrier: "What stands in the way of doing an item city-wide.",
    DeliveryRoute: "How the result reaches the resident.",
    Necessity: "When a material is needed; `DEFERRABLE` may be handed in later.",
    ProcessingMode: "How a case of the item is processed.",
    RoutingBasis: "Which of the applicant's places names the handling center.",
    ProblemCode: "Why something was not done.",
    Role: "What somebody acts as.",
    PluginState: "Whether a plugin serves.",
    ProposalKind: "What a proposal would change of the catalog.",
    ProposalStatus: "Where a proposal stands.",
    MemberKind: "Who sits in the joint meeting.",
    Stance: "A member's opinion.",
    WorklistChangeKind: "What happened to a case on a center's worklist.",
    Verdict: "What a rule of the check says. WARN is worth a look and stands in nobody's way.",
}

for kind, description in DESCRIPTIONS.items():
    strawberry.enum(kind, description=description)
