"""The contract's enumerations, as the public API names them."""

import strawberry

from tongban.admission.words import MemberKind, ProposalKind, ProposalStatus, Stance
from tongban.cases.words import CaseAction, CaseStatus, Channel, TransferPurpose
from tongban.catalog.words import ItemStatus
from tongban.centers.calendar import DayKind
from tongban.centers.models import CenterKind
from tongban.check import Verdict
from tongban.contract.items import Audience, Barrier, DeliveryRoute, Necessity, ProcessingMode, RoutingBasis
from tongban.contract.problems import ProblemCode
from tongban.identity.actor import Role
from tongban.registry import PluginState

for kind in (
    CaseAction,
    CaseStatus,
    Channel,
    TransferPurpose,
    ItemStatus,
    DayKind,
    CenterKind,
    Audience,
    Barrier,
    DeliveryRoute,
    Necessity,
    RoutingBasis,
    ProblemCode,
    Role,
    PluginState,
    ProposalKind,
    ProposalStatus,
    MemberKind,
    Stance,
    Verdict,
):
    strawberry.enum(kind)

strawberry.enum(ProcessingMode, description="How a case of the item is processed.")
