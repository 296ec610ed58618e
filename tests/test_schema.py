"""The public API's schema: committed as it is served, under the promised names, every field with a declared source."""

from pathlib import Path

import pytest
from strawberry.types.base import get_object_definition

from graphql import GraphQLInputObjectType, GraphQLObjectType
from graphql import build_schema as read_schema
from tongban.graphql.names import missing_names
from tongban.graphql.schema import build_schema
from tongban.graphql.sources import ByKey, Listed, Many, One, Pages, source_of
from tongban.graphql.stored import STORED, Stored

ROOT = Path(__file__).parent.parent
PROMISED = (ROOT / "docs/reference/contract.graphql").read_text(encoding="utf-8")
SERVED = build_schema().as_str() + "\n"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    """`make schema` writes it anew."""
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == SERVED


NEEDED = """
type Query {
  node(id: ID!): ID  nodes(ids: [ID!]!): ID  viewer: ID  departments: ID  department(code: String!): ID
  catalog(asOf: Date): ID  serviceItem(code: String!, asOf: Date): ID
  serviceItems(filter: ServiceItemFilter, asOf: Date, first: Int, after: String): ID
  districts: ID  center(code: String!): ID
  centers(filter: CenterFilter, near: GeoPointInput, first: Int, after: String): ID
  casePreview(input: SubmitCaseInput!): ID  resident(id: ID, idNumber: IdNumber): ID  case(number: String!): ID
  cases(filter: CaseFilter, orderBy: CaseOrder, first: Int, after: String, last: Int, before: String): ID
  exceptions(dueBefore: Date): ID  plugins: ID
  proposal(id: ID!): ID  proposals(filter: ProposalFilter, first: Int, after: String): ID  jointMeeting: ID
  catalogEditions(first: Int, after: String): ID  catalogChanges(from: Date!, to: Date!): ID
}
type Mutation {
  registerResident(input: RegisterResidentInput!): ID  changeHukou(input: ChangeHukouInput!): ID
  submitCase(input: SubmitCaseInput!): ID  acceptCase(input: CaseActionInput!): ID
  acknowledgeTransfer(input: CaseActionInput!): ID  approveCase(input: DecideCaseInput!): ID
  rejectCase(input: DecideCaseInput!): ID  deliverResult(input: CaseActionInput!): ID
  proposeChange(input: ProposeChangeInput!): ID  runTongbanCheck(input: ProposalActionInput!): ID
  giveOpinion(input: GiveOpinionInput!): ID  decideProposal(input: DecideProposalInput!): ID
  publishEdition(input: PublishEditionInput!): ID
}
scalar Date  scalar IdNumber
input ServiceItemFilter { department: String theme: String mode: ID tongban: Boolean audience: ID status: ID
  search: String }
input CenterFilter { district: String kind: ID tongban: Boolean offering: String openAt: ID search: String }
input GeoPointInput { latitude: Float longitude: Float }
input CaseFilter { center: String receivingCenter: String handlingCenter: String resident: ID item: String
  department: String status: ID mode: ID overdue: Boolean submittedFrom: ID submittedTo: ID number: String }
enum CaseOrder { SUBMITTED_DESC SUBMITTED_ASC DUE_ASC }
input SubmitCaseInput { item: String center: String applicant: ID form: ID documents: ID agent: ID channel: ID
  deliveryRoute: ID accept: Boolean idempotencyKey: String }
input RegisterResidentInput { name: String idNumber: ID hukouDivisionCode: String hukouAddress: String
  residenceAddress: String residenceDivisionCode: String residencePermitNumber: String idempotencyKey: String }
input ChangeHukouInput { resident: ID divisionCode: String address: String since: Date idempotencyKey: String }
input CaseActionInput { case: ID expectedVersion: Int note: String idempotencyKey: String }
input DecideCaseInput { case: ID expectedVersion: Int reason: String resultNumber: String idempotencyKey: String }
input ProposalFilter { status: ID kind: ID department: String }
input ProposeChangeInput { kind: ID item: String definition: ID idempotencyKey: String }
input ProposalActionInput { proposal: ID idempotencyKey: String }
input GiveOpinionInput { proposal: ID member: String stance: ID comment: String idempotencyKey: String }
input DecideProposalInput { proposal: ID approve: Boolean reason: String effectiveFrom: Date waiver: WaiverInput
  idempotencyKey: String }
input WaiverInput { rules: String reason: String expiresOn: Date }
input PublishEditionInput { effectiveFrom: Date idempotencyKey: String }
"""
"""What the errand of the source and admission need; types of answers are not compared here, only names."""


def test_everything_that_the_errand_and_admission_need_is_there() -> None:
    assert missing_names(NEEDED, SERVED).missing == ()
    assert missing_names(NEEDED, PROMISED).missing == ()


WHOLE = {
    *("Center", "CenterConnection", "CenterEdge", "CenterFilter", "CenterKind", "DayKind", "District"),
    *("GeoPoint", "GeoPointInput", "OpeningDay", "OpeningInterval"),
    *("Audience", "Barrier", "DeliveryRoute", "Department", "Guide", "GuideQuestion", "ItemStatus", "Material"),
    *("MaterialRequirement", "Necessity", "ProcessingMode", "RoutingBasis", "ServiceItem", "ServiceItemConnection"),
    *("ServiceItemEdge", "ServiceItemFilter", "TongbanException"),
    *("ChangeHukouInput", "Hukou", "RegisterResidentInput", "ResidencePermit", "ResidentPayload"),
    *("Agent", "AgentInput", "CaseAction", "CaseActionInput", "CaseConnection", "CaseEdge", "CaseEvent"),
    *("CaseEventConnection", "CaseEventEdge", "CaseFilter", "CaseOrder", "CasePayload", "CasePreview", "CaseStatus"),
    *("Channel", "DecideCaseInput", "Decision", "Document", "ManifestEntry", "RateCaseInput", "Rating"),
    *("RefuseTransferInput", "RequestSupplementInput", "ReturnCaseInput", "SubmitCaseInput"),
    *("SubmittedDocumentInput", "SupplementCaseInput", "SupplementRequest", "Transfer", "TransferPurpose"),
    *("Catalog", "CatalogChange", "CatalogEdition", "CatalogEditionConnection", "CatalogEditionEdge", "FieldChange"),
    *("DecideProposalInput", "Finding", "GiveOpinionInput", "JointMeeting", "JointMeetingMember", "MemberKind"),
    *("Opinion", "Proposal", "ProposalActionInput", "ProposalConnection", "ProposalDecision", "ProposalEdge"),
    *("ProposalFilter", "ProposalImpact", "ProposalKind", "ProposalPayload", "ProposalStatus", "ProposeChangeInput"),
    *("PublishEditionInput", "PublishEditionPayload", "Stance", "TongbanCheckReport", "Verdict", "Waiver"),
    "WaiverInput",
    *("Node", "PageInfo", "Problem", "ProblemCode", "Role", "WorklistChange", "WorklistChangeKind"),
}
"""The types that this version serves with every name that they were promised with."""


def test_types_of_this_version_are_whole() -> None:
    """A name that goes missing is seen here."""
    missing = missing_names(PROMISED, SERVED).missing
    assert [name for name in missing if name.partition(".")[0] in WHOLE] == []


CHANGED = {
    "Plugin.department: Department, promised Department!",  # one in quarantine may not have told it
    "Proposal.definition: JSON, promised JSON!",  # a withdrawal has none
    "Document.material: Material, promised Material!",  # the result of a decision need not be a known material
    "ManifestEntry.material: String, promised String!",  # nor need it be in the manifest of its way home
    "JointMeeting.office: Department, promised Department!",  # its department may not be installed
}
"""What is not as it was promised, and why."""


def test_what_is_promised_keeps_its_shape() -> None:
    """A promised field has the promised type, nullability included; so has an argument and an input's field."""
    promised, served = read_schema(PROMISED, assume_valid=True), read_schema(SERVED, assume_valid=True)
    changed = []
    for name, kind in promised.type_map.items():
        there = served.type_map.get(name)
        if name.startswith("__") or there is None:
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            assert isinstance(there, type(kind)), name
            for field, declared in kind.fields.items():
                found = there.fields.get(field)
                if found is not None and str(found.type) != str(declared.type):
                    changed.append(f"{name}.{field}: {found.type}, promised {declared.type}")
                if found is not None and isinstance(kind, GraphQLObjectType):
                    arguments = {argument: str(given.type) for argument, given in declared.args.items()}
                    there_too = {argument: str(given.type) for argument, given in found.args.items()}
                    changed += [
                        f"{name}.{field}({argument}): {there_too[argument]}, promised {declared_type}"
                        for argument, declared_type in arguments.items()
                        if there_too.get(argument, declared_type) != declared_type
                    ]
    assert set(changed) == CHANGED


@pytest.mark.parametrize("kind", STORED.values(), ids=STORED)
def test_every_field_of_a_stored_type_says_where_its_value_lives(kind: type[Stored]) -> None:
    fields = get_object_definition(kind, strict=True).fields
    assert [field.python_name for field in fields if field.python_name != "id" and source_of(field) is None] == []


@pytest.mark.parametrize("kind", STORED.values(), ids=STORED)
def test_every_source_names_what_there_is(kind: type[Stored]) -> None:
    """The columns of this type, and type and columns of the other."""
    for field in get_object_definition(kind, strict=True).fields:
        source = source_of(field)
        if not isinstance(source, One | Many | Pages | ByKey | Listed):
            continue
        other = STORED[source.to].table.columns
        if isinstance(source, Many) and source.through is not None:
            between = source.through.table.__table__.columns
            assert {source.through.near, source.through.far} <= set(between.keys())
        elif isinstance(source, One | Many | Pages) and source.remote is not None:
            assert source.remote in other
        if isinstance(source, One | Many | Pages) and source.local is not None:
            assert source.local in kind.table.columns
        if isinstance(source, Many | Pages | Listed):
            assert {name.removeprefix("-") for name in source.order} <= set(other.keys())


def test_roots_that_answer_with_stored_rows_say_where_these_live_too() -> None:
    """Hand-written roots make values of the request: a viewer, a day's catalog, a dry run, plugins, meeting, years."""
    by_hand = set()
    schema = read_schema(SERVED, assume_valid=True)
    query = build_schema().get_type_by_name("Query")
    assert schema.query_type is not None
    for field in getattr(query, "fields", []):
        if source_of(field) is None:
            by_hand.add(field.python_name)
    assert by_hand == {
        "node",
        "nodes",
        "viewer",
        "catalog",
        "case_preview",
        "plugins",
        "joint_meeting",
        "calendar_years",
    }


# ---------------------------------------------------------------- missing_names

SDL = """
enum Color { RED GREEN }
input Wish { color: Color  size: Int }
interface Thing { id: ID! }
type Ball implements Thing { id: ID!  color(bright: Boolean, of: Color): Color }
type Query { ball(wish: Wish): Ball }
"""


def test_nothing_is_missing_from_itself() -> None:
    names = missing_names(SDL, SDL)
    assert names.missing == ()
    assert names.total > 10


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        (("enum Color { RED GREEN }", "enum Color { RED }"), ("Color.GREEN",)),
        ((" size: Int", ""), ("Wish.size",)),
        (("(bright: Boolean, of: Color)", "(of: Color)"), ("Ball.color(bright)",)),
        (("color(bright: Boolean, of: Color): Color", ""), ("Ball.color", "Ball.color(bright)", "Ball.color(of)")),
        (("ball(wish: Wish): Ball", "ball: Ball"), ("Query.ball(wish)",)),
        (("interface Thing { id: ID! }", "interface Thing { name: ID! }"), ("Thing.id",)),
    ],
)
def test_what_is_gone_is_named(gone: tuple[str, str], missing: tuple[str, ...]) -> None:
    served = SDL.replace(*gone)
    assert served != SDL
    assert missing_names(SDL, served).missing == missing


def test_a_missing_type_counts_once_and_what_graphql_brings_never() -> None:
    missing = missing_names(SDL, "type Query { ball: Float }").missing
    assert sorted(missing) == ["Ball", "Color", "Query.ball(wish)", "Thing", "Wish"]


def test_what_is_served_beyond_the_promise_is_welcome() -> None:
    assert missing_names(SDL, SDL + "type Extra { more: Int }").missing == ()
