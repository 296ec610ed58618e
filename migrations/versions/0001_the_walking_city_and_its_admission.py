"""the walking city and its admission

Revision: 0001, after None
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('STATUTORY_HOLIDAY', 'MAKE_UP_WORKDAY')", name=op.f("ck_calendar_day_kind")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "catalog_edition",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_catalog_edition_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_edition")),
        sa.UniqueConstraint("number", name=op.f("uq_catalog_edition_number")),
    )
    op.create_index(op.f("ix_catalog_edition_effective_from"), "catalog_edition", ["effective_from"], unique=False)
    op.create_table(
        "department",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("installed", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("code", name=op.f("uq_department_code")),
    )
    op.create_table(
        "district",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_district")),
        sa.UniqueConstraint("code", name=op.f("uq_district_code")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "joint_meeting_member",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('COMMISSION', 'DISTRICT_GOVERNMENT')", name=op.f("ck_joint_meeting_member_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_meeting_member")),
        sa.UniqueConstraint("code", name=op.f("uq_joint_meeting_member_code")),
    )
    op.create_table(
        "resident",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document_kind", sa.Text(), nullable=False),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("hukou_id", sa.Uuid(), nullable=True),
        sa.Column("residence_address", sa.Text(), nullable=True),
        sa.Column("residence_division_code", sa.Text(), nullable=True),
        sa.Column("permit_number", sa.Text(), nullable=True),
        sa.Column("permit_valid_from", sa.Date(), nullable=True),
        sa.Column("permit_valid_to", sa.Date(), nullable=True),
        sa.Column("permit_reported_lost", sa.Boolean(), nullable=False),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("registered_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "document_kind IN ('CITIZEN_ID', 'PERMANENT_RESIDENCE', 'PASSPORT', 'OTHER')",
            name=op.f("ck_resident_document_kind"),
        ),
        sa.CheckConstraint("sex IN ('FEMALE', 'MALE')", name=op.f("ck_resident_sex")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident")),
    )
    op.create_index("uq_resident_id_number", "resident", ["document_kind", "id_number"], unique=True)
    op.create_table(
        "center",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("counters", sa.Integer(), nullable=False),
        sa.Column("staff", sa.Integer(), nullable=False),
        sa.Column("tongban", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('MAIN', 'BRANCH')", name=op.f("ck_center_kind")),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_center_district_id_district")),
        sa.ForeignKeyConstraint(["parent_id"], ["center.id"], name=op.f("fk_center_parent_id_center")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_center")),
        sa.UniqueConstraint("code", name=op.f("uq_center_code")),
    )
    op.create_index(op.f("ix_center_district_id"), "center", ["district_id"], unique=False)
    op.create_index(op.f("ix_center_division_code"), "center", ["division_code"], unique=False)
    op.create_index(
        "ix_center_main_division", "center", ["division_code"], unique=True, postgresql_where=sa.text("kind = 'MAIN'")
    )
    op.create_index(op.f("ix_center_parent_id"), "center", ["parent_id"], unique=False)
    op.create_table(
        "hukou",
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_hukou_resident_id_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hukou")),
    )
    op.create_index(op.f("ix_hukou_division_code"), "hukou", ["division_code"], unique=False)
    op.create_index(op.f("ix_hukou_resident_id"), "hukou", ["resident_id"], unique=False)
    op.create_table(
        "material",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("produced_by", sa.Text(), nullable=True),
        sa.Column("produced_when", sa.Text(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_material_department_id_department")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material")),
        sa.UniqueConstraint("code", name=op.f("uq_material_code")),
    )
    op.create_index(op.f("ix_material_department_id"), "material", ["department_id"], unique=False)
    op.create_index(op.f("ix_material_produced_by"), "material", ["produced_by"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("base_item_id", sa.Uuid(), nullable=True),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("definition_digest", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "approved", sa.Boolean(), sa.Computed("status IN ('APPROVED', 'PUBLISHED')", persisted=True), nullable=False
        ),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("waiver", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("waiver_expires_on", sa.Date(), nullable=True),
        sa.Column("edition_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(kind = 'EXIT') = (definition IS NULL)", name=op.f("ck_proposal_definition")),
        sa.CheckConstraint("(status = 'PUBLISHED') = (edition_id IS NOT NULL)", name=op.f("ck_proposal_published")),
        sa.CheckConstraint(
            "(status IN ('APPROVED', 'PUBLISHED', 'REJECTED')) = (decided_at IS NOT NULL)",
            name=op.f("ck_proposal_decided"),
        ),
        sa.CheckConstraint("kind IN ('ADMIT', 'ADJUST', 'EXIT')", name=op.f("ck_proposal_kind")),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'CHECKING', 'CHECK_FAILED', 'READY', 'APPROVED', 'REJECTED', 'PUBLISHED')",
            name=op.f("ck_proposal_status"),
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_proposal_department_id_department")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["catalog_edition.id"], name=op.f("fk_proposal_edition_id_catalog_edition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("id", "approved", name=op.f("uq_proposal_id_approved")),
    )
    op.create_index(op.f("ix_proposal_department_id"), "proposal", ["department_id"], unique=False)
    op.create_index(op.f("ix_proposal_edition_id"), "proposal", ["edition_id"], unique=False)
    op.create_index("ix_proposal_proposed", "proposal", ["proposed_at", "id"], unique=False)
    op.create_index("ix_proposal_status", "proposal", ["status", "proposed_at", "id"], unique=False)
    op.create_index(
        "uq_proposal_open_item",
        "proposal",
        ["item_code"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('REJECTED', 'PUBLISHED')"),
    )
    op.create_table(
        "check_report",
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("barriers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("plugin_version", sa.Text(), nullable=False),
        sa.Column("definition_digest", sa.Text(), nullable=False),
        sa.Column("code_digest", sa.Text(), nullable=False),
        sa.Column("applications_tried", sa.Integer(), nullable=False),
        sa.Column("centers_tried", sa.Integer(), nullable=False),
        sa.Column("ran_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("mode IN ('DIRECT', 'SPLIT', 'LOCAL_ONLY')", name=op.f("ck_check_report_mode")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_check_report_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_report")),
    )
    op.create_index(op.f("ix_check_report_item_code"), "check_report", ["item_code"], unique=False)
    op.create_index(op.f("ix_check_report_proposal_id"), "check_report", ["proposal_id"], unique=False)
    op.create_table(
        "division",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("center_id", sa.Uuid(), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_division_center_id_center")),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_division_district_id_district")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_index(op.f("ix_division_center_id"), "division", ["center_id"], unique=False)
    op.create_index(op.f("ix_division_district_id"), "division", ["district_id"], unique=False)
    op.create_table(
        "opinion",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("stance", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("given_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("stance IN ('AGREE', 'OBJECT', 'ABSTAIN')", name=op.f("ck_opinion_stance")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["joint_meeting_member.id"], name=op.f("fk_opinion_member_id_joint_meeting_member")
        ),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_opinion_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
        sa.UniqueConstraint("proposal_id", "member_id", name=op.f("uq_opinion_proposal_id_member_id")),
    )
    op.create_index(op.f("ix_opinion_member_id"), "opinion", ["member_id"], unique=False)
    op.create_table(
        "service_item",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_approved", sa.Boolean(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("suspended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("suspension", sa.Text(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("themes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("barriers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("audiences", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("routing_basis", sa.Text(), nullable=False),
        sa.Column("delivery_routes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("tongban_from", sa.Date(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("guide", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("form_ui", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("legal_basis", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("statutory_days", sa.Integer(), nullable=True),
        sa.Column("promised_days", sa.Integer(), nullable=False),
        sa.Column("extra_days_for_split", sa.Integer(), nullable=False),
        sa.Column("exception_analysis", sa.Text(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("definition_digest", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("mode IN ('DIRECT', 'SPLIT', 'LOCAL_ONLY')", name=op.f("ck_service_item_mode")),
        sa.CheckConstraint(
            "routing_basis IN ('NONE', 'HUKOU', 'RESIDENCE', 'RESIDENCE_PERMIT', 'EMPLOYER')",
            name=op.f("ck_service_item_routing_basis"),
        ),
        sa.CheckConstraint("(suspended_at IS NULL) = (suspension IS NULL)", name=op.f("ck_service_item_suspension")),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to >= effective_from", name=op.f("ck_service_item_period")
        ),
        sa.CheckConstraint("promised_days >= 0", name=op.f("ck_service_item_promised_days")),
        sa.CheckConstraint("proposal_approved", name=op.f("ck_service_item_proposal_approved")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_service_item_department_id_department")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["catalog_edition.id"], name=op.f("fk_service_item_edition_id_catalog_edition")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id", "proposal_approved"],
            ["proposal.id", "proposal.approved"],
            name=op.f("fk_service_item_proposal_id_proposal_approved_proposal"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_service_item_code_version")),
    )
    op.create_index(op.f("ix_service_item_department_id"), "service_item", ["department_id"], unique=False)
    op.create_index(op.f("ix_service_item_edition_id"), "service_item", ["edition_id"], unique=False)
    op.create_table(
        "edition_item",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["catalog_edition.id"], name=op.f("fk_edition_item_edition_id_catalog_edition")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["service_item.id"], name=op.f("fk_edition_item_item_id_service_item")),
        sa.PrimaryKeyConstraint("edition_id", "item_id", name=op.f("pk_edition_item")),
    )
    op.create_index(op.f("ix_edition_item_item_id"), "edition_item", ["item_id"], unique=False)
    op.create_table(
        "material_requirement",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("necessity", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("needed_when", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("original_shown", sa.Boolean(), nullable=False),
        sa.Column("accepts_certificate", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "necessity IN ('ALWAYS', 'CONDITIONAL', 'DEFERRABLE')", name=op.f("ck_material_requirement_necessity")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["service_item.id"], name=op.f("fk_material_requirement_item_id_service_item")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_material_requirement_material_id_material")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_requirement")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_material_requirement_item_id_position")),
    )
    op.create_index(op.f("ix_material_requirement_material_id"), "material_requirement", ["material_id"], unique=False)
    op.create_table(
        "service_case",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("applicant_id", sa.Uuid(), nullable=False),
        sa.Column("agent", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("receiving_center_id", sa.Uuid(), nullable=False),
        sa.Column("handling_center_id", sa.Uuid(), nullable=False),
        sa.Column("current_center_id", sa.Uuid(), nullable=True),
        sa.Column("routed_by", sa.Text(), nullable=True),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("delivery_route", sa.Text(), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("result_number", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('COUNTER', 'PORTAL', 'WECHAT', 'HOTLINE', 'KIOSK')", name=op.f("ck_service_case_channel")
        ),
        sa.CheckConstraint(
            "delivery_route IN ('DIRECT_TO_RESIDENT', 'VIA_RECEIVING_CENTER')",
            name=op.f("ck_service_case_delivery_route"),
        ),
        sa.CheckConstraint("mode IN ('DIRECT', 'SPLIT', 'LOCAL_ONLY')", name=op.f("ck_service_case_mode")),
        sa.CheckConstraint(
            "status IN ('SUBMITTED', 'RETURNED', 'IN_TRANSFER', 'ROUTING_REVIEW', 'UNDER_REVIEW', 'SUPPLEMENT_REQUESTED', 'APPROVED', 'REJECTED', 'RESULT_IN_TRANSFER', 'DELIVERED', 'WITHDRAWN')",
            name=op.f("ck_service_case_status"),
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (approved IS NULL)", name=op.f("ck_service_case_decision")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_service_case_version")),
        sa.ForeignKeyConstraint(["applicant_id"], ["resident.id"], name=op.f("fk_service_case_applicant_id_resident")),
        sa.ForeignKeyConstraint(
            ["current_center_id"], ["center.id"], name=op.f("fk_service_case_current_center_id_center")
        ),
        sa.ForeignKeyConstraint(
            ["handling_center_id"], ["center.id"], name=op.f("fk_service_case_handling_center_id_center")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["service_item.id"], name=op.f("fk_service_case_item_id_service_item")),
        sa.ForeignKeyConstraint(
            ["receiving_center_id"], ["center.id"], name=op.f("fk_service_case_receiving_center_id_center")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_case")),
        sa.UniqueConstraint("number", name=op.f("uq_service_case_number")),
    )
    op.create_index("ix_service_case_applicant", "service_case", ["applicant_id", "submitted_at", "id"], unique=False)
    op.create_index(
        "ix_service_case_current", "service_case", ["current_center_id", "submitted_at", "id"], unique=False
    )
    op.create_index("ix_service_case_due", "service_case", ["due_at", "id"], unique=False)
    op.create_index(
        "ix_service_case_handling", "service_case", ["handling_center_id", "submitted_at", "id"], unique=False
    )
    op.create_index(op.f("ix_service_case_item_id"), "service_case", ["item_id"], unique=False)
    op.create_index(
        "ix_service_case_receiving", "service_case", ["receiving_center_id", "submitted_at", "id"], unique=False
    )
    op.create_index("ix_service_case_submitted", "service_case", ["submitted_at", "id"], unique=False)
    op.create_table(
        "case_event",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("center_id", sa.Uuid(), nullable=True),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "from_status IN ('SUBMITTED', 'RETURNED', 'IN_TRANSFER', 'ROUTING_REVIEW', 'UNDER_REVIEW', 'SUPPLEMENT_REQUESTED', 'APPROVED', 'REJECTED', 'RESULT_IN_TRANSFER', 'DELIVERED', 'WITHDRAWN')",
            name=op.f("ck_case_event_from_status"),
        ),
        sa.CheckConstraint(
            "to_status IN ('SUBMITTED', 'RETURNED', 'IN_TRANSFER', 'ROUTING_REVIEW', 'UNDER_REVIEW', 'SUPPLEMENT_REQUESTED', 'APPROVED', 'REJECTED', 'RESULT_IN_TRANSFER', 'DELIVERED', 'WITHDRAWN')",
            name=op.f("ck_case_event_to_status"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["service_case.id"], name=op.f("fk_case_event_case_id_service_case")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_case_event_center_id_center")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_case_event")),
        sa.UniqueConstraint("case_id", "sequence", name=op.f("uq_case_event_case_id_sequence")),
    )
    op.create_table(
        "case_material",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["service_case.id"], name=op.f("fk_case_material_case_id_service_case")),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_case_material_material_id_material")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_case_material")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_case_material_case_id_position")),
    )
    op.create_table(
        "transfer",
        sa.Column("from_center_id", sa.Uuid(), nullable=False),
        sa.Column("to_center_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("manifest_digest", sa.Text(), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("acknowledged_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("purpose IN ('HANDLING', 'RESULT', 'REROUTING')", name=op.f("ck_transfer_purpose")),
        sa.ForeignKeyConstraint(["case_id"], ["service_case.id"], name=op.f("fk_transfer_case_id_service_case")),
        sa.ForeignKeyConstraint(["from_center_id"], ["center.id"], name=op.f("fk_transfer_from_center_id_center")),
        sa.ForeignKeyConstraint(["to_center_id"], ["center.id"], name=op.f("fk_transfer_to_center_id_center")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_transfer")),
    )
    op.create_foreign_key(op.f("fk_resident_hukou_id_hukou"), "resident", "hukou", ["hukou_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_proposal_base_item_id_service_item"), "proposal", "service_item", ["base_item_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_proposal_base_item_id_service_item"), "proposal", type_="foreignkey")
    op.drop_constraint(op.f("fk_resident_hukou_id_hukou"), "resident", type_="foreignkey")
    op.drop_table("transfer")
    op.drop_table("case_material")
    op.drop_table("case_event")
    op.drop_index("ix_service_case_submitted", table_name="service_case")
    op.drop_index("ix_service_case_receiving", table_name="service_case")
    op.drop_index(op.f("ix_service_case_item_id"), table_name="service_case")
    op.drop_index("ix_service_case_handling", table_name="service_case")
    op.drop_index("ix_service_case_due", table_name="service_case")
    op.drop_index("ix_service_case_current", table_name="service_case")
    op.drop_index("ix_service_case_applicant", table_name="service_case")
    op.drop_table("service_case")
    op.drop_index(op.f("ix_material_requirement_material_id"), table_name="material_requirement")
    op.drop_table("material_requirement")
    op.drop_index(op.f("ix_edition_item_item_id"), table_name="edition_item")
    op.drop_table("edition_item")
    op.drop_index(op.f("ix_service_item_edition_id"), table_name="service_item")
    op.drop_index(op.f("ix_service_item_department_id"), table_name="service_item")
    op.drop_table("service_item")
    op.drop_index(op.f("ix_opinion_member_id"), table_name="opinion")
    op.drop_table("opinion")
    op.drop_index(op.f("ix_division_district_id"), table_name="division")
    op.drop_index(op.f("ix_division_center_id"), table_name="division")
    op.drop_table("division")
    op.drop_index(op.f("ix_check_report_proposal_id"), table_name="check_report")
    op.drop_index(op.f("ix_check_report_item_code"), table_name="check_report")
    op.drop_table("check_report")
    op.drop_index(
        "uq_proposal_open_item",
        table_name="proposal",
        postgresql_where=sa.text("status NOT IN ('REJECTED', 'PUBLISHED')"),
    )
    op.drop_index("ix_proposal_status", table_name="proposal")
    op.drop_index("ix_proposal_proposed", table_name="proposal")
    op.drop_index(op.f("ix_proposal_edition_id"), table_name="proposal")
    op.drop_index(op.f("ix_proposal_department_id"), table_name="proposal")
    op.drop_table("proposal")
    op.drop_index(op.f("ix_material_produced_by"), table_name="material")
    op.drop_index(op.f("ix_material_department_id"), table_name="material")
    op.drop_table("material")
    op.drop_index(op.f("ix_hukou_resident_id"), table_name="hukou")
    op.drop_index(op.f("ix_hukou_division_code"), table_name="hukou")
    op.drop_table("hukou")
    op.drop_index(op.f("ix_center_parent_id"), table_name="center")
    op.drop_index("ix_center_main_division", table_name="center", postgresql_where=sa.text("kind = 'MAIN'"))
    op.drop_index(op.f("ix_center_division_code"), table_name="center")
    op.drop_index(op.f("ix_center_district_id"), table_name="center")
    op.drop_table("center")
    op.drop_index("uq_resident_id_number", table_name="resident")
    op.drop_table("resident")
    op.drop_table("joint_meeting_member")
    op.drop_table("idempotency_key")
    op.drop_table("district")
    op.drop_table("department")
    op.drop_index(op.f("ix_catalog_edition_effective_from"), table_name="catalog_edition")
    op.drop_table("catalog_edition")
    op.drop_table("calendar_day")
