"""the case to its end

Revision: 0002, after 0001
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("center_id", sa.Uuid(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("stored_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(state = 'STORED') = (stored_at IS NOT NULL)", name=op.f("ck_upload_stored")),
        sa.CheckConstraint("state IN ('AWAITED', 'STORED', 'REFUSED')", name=op.f("ck_upload_state")),
        sa.CheckConstraint("size > 0", name=op.f("ck_upload_size")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_upload_center_id_center")),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_upload_material_id_material")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_upload_token_digest")),
    )
    op.create_index(op.f("ix_upload_expires_at"), "upload", ["expires_at"], unique=False)
    op.create_table(
        "calendar_publication",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("days", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_calendar_publication_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_publication")),
        sa.UniqueConstraint("year", "version", name=op.f("uq_calendar_publication_year_version")),
    )
    op.create_table(
        "worklist_change",
        sa.Column("center_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('ARRIVED', 'CHANGED', 'LEFT')", name=op.f("ck_worklist_change_kind")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_worklist_change_center_id_center")),
        sa.PrimaryKeyConstraint("center_id", "sequence", name=op.f("pk_worklist_change")),
    )
    op.create_table(
        "worklist_stream",
        sa.Column("center_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_worklist_stream_center_id_center")),
        sa.PrimaryKeyConstraint("center_id", name=op.f("pk_worklist_stream")),
    )
    op.create_table(
        "document",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("uploaded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("custodian_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(purpose = 'RESULT') OR (material_id IS NOT NULL)", name=op.f("ck_document_material")),
        sa.CheckConstraint("purpose IN ('APPLICATION', 'SUPPLEMENT', 'RESULT')", name=op.f("ck_document_purpose")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_document_size")),
        sa.ForeignKeyConstraint(["case_id"], ["service_case.id"], name=op.f("fk_document_case_id_service_case")),
        sa.ForeignKeyConstraint(["custodian_id"], ["center.id"], name=op.f("fk_document_custodian_id_center")),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_document_material_id_material")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_document")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_document_case_id_position")),
    )
    op.create_table(
        "notice",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("words", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["service_case.id"], name=op.f("fk_notice_case_id_service_case")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_notice")),
        sa.UniqueConstraint("case_id", "sequence", "channel", name=op.f("uq_notice_case_id_sequence_channel")),
    )
    op.create_index(
        "ix_notice_undelivered",
        "notice",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("topic IN ('EVENT', 'TRANSFER', 'NOTICE', 'BROKER')", name=op.f("ck_outbox_topic")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts")),
        sa.ForeignKeyConstraint(["case_id"], ["service_case.id"], name=op.f("fk_outbox_case_id_service_case")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_due", "outbox", ["due_at", "id"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["case_id", "topic", "sequence"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "supplement_material",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["service_case.id"], name=op.f("fk_supplement_material_case_id_service_case")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_supplement_material_material_id_material")
        ),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_supplement_material")),
    )
    op.create_table(
        "supplement_request",
        sa.Column("center_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expired_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["service_case.id"], name=op.f("fk_supplement_request_case_id_service_case")
        ),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_supplement_request_center_id_center")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_supplement_request")),
        sa.UniqueConstraint("case_id", "center_id", name=op.f("uq_supplement_request_case_id_center_id")),
    )
    op.add_column("center", sa.Column("successor_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_center_successor_id_center"), "center", "center", ["successor_id"], ["id"])
    op.add_column("service_case", sa.Column("last_event", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.alter_column("service_case", "last_event", server_default=None)
    op.add_column("service_case", sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("service_case", sa.Column("routing_due_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("service_case", sa.Column("custodian_id", sa.Uuid(), nullable=True))
    op.add_column("service_case", sa.Column("underway", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.alter_column("service_case", "underway", server_default=None)
    op.add_column("service_case", sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("service_case", sa.Column("promised_days", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.alter_column("service_case", "promised_days", server_default=None)
    op.add_column("service_case", sa.Column("extra_days", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.alter_column("service_case", "extra_days", server_default=None)
    op.add_column("service_case", sa.Column("statutory_due_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("service_case", sa.Column("statutory_provisional", sa.Boolean(), nullable=True))
    op.add_column("service_case", sa.Column("rested_days", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.alter_column("service_case", "rested_days", server_default=None)
    op.add_column("service_case", sa.Column("resting_since", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("service_case", sa.Column("supplement_asked_by", sa.Uuid(), nullable=True))
    op.add_column("service_case", sa.Column("result_document_id", sa.Uuid(), nullable=True))
    op.add_column("service_case", sa.Column("stars", sa.Integer(), nullable=True))
    op.add_column("service_case", sa.Column("rating_comment", sa.Text(), nullable=True))
    op.add_column("service_case", sa.Column("rated_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_service_case_custodian_id_center"), "service_case", "center", ["custodian_id"], ["id"]
    )
    op.add_column("transfer", sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("transfer", sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("transfer", sa.Column("refused_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("transfer", sa.Column("refusal_reason", sa.Text(), nullable=True))
    op.add_column("transfer", sa.Column("canceled_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("transfer", sa.Column("sequence", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE transfer AS t SET sequence = (SELECT count(*) FROM transfer AS o "
        "WHERE o.case_id = t.case_id AND (o.sent_at, o.id) <= (t.sent_at, t.id))"
    )
    op.alter_column("transfer", "sequence", server_default=None)
    op.add_column("transfer", sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.alter_column("transfer", "attempts", server_default=None)
    op.add_column("transfer", sa.Column("escalation", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.alter_column("transfer", "escalation", server_default=None)
    op.execute(
        "UPDATE transfer SET delivered_at = coalesce(acknowledged_at, sent_at), "
        "manifest = jsonb_build_object('form', NULL, 'documents', '[]'::jsonb, 'shown', "
        "(SELECT coalesce(jsonb_agg(entry -> 'material'), '[]'::jsonb) FROM jsonb_array_elements(manifest) AS entry))"
    )
    op.execute(
        "UPDATE service_case AS c SET custodian_id = CASE WHEN EXISTS (SELECT FROM transfer AS t WHERE t.case_id = c.id AND "
        "t.purpose = 'HANDLING') THEN handling_center_id ELSE receiving_center_id END, "
        "promised_days = i.promised_days, "
        "extra_days = CASE WHEN c.handling_center_id <> c.receiving_center_id THEN i.extra_days_for_split ELSE 0 END, "
        "last_event = (SELECT max(e.sequence) FROM case_event AS e WHERE e.case_id = c.id), "
        "accepted_at = (SELECT min(e.at) FROM case_event AS e WHERE e.case_id = c.id AND e.kind = 'ACCEPT') "
        "FROM service_item AS i WHERE i.id = c.item_id"
    )
    _seal_manifests_anew()
    op.execute(
        "UPDATE transfer SET routing = jsonb_build_object('center', to_center_id::text, 'computedAt', sent_at) "
        "WHERE purpose = 'HANDLING'"
    )
    op.alter_column("service_case", "custodian_id", nullable=False)
    op.create_check_constraint(op.f("ck_service_case_stars"), "service_case", "stars BETWEEN 1 AND 5")
    op.create_check_constraint(op.f("ck_service_case_rating"), "service_case", "(rated_at IS NULL) = (stars IS NULL)")
    op.create_check_constraint(
        op.f("ck_service_case_resting"),
        "service_case",
        "(status = 'SUPPLEMENT_REQUESTED') = (resting_since IS NOT NULL)",
    )
    op.create_check_constraint(op.f("ck_transfer_two_centers"), "transfer", "from_center_id <> to_center_id")
    op.create_check_constraint(
        op.f("ck_transfer_stored_first"), "transfer", "acknowledged_at IS NULL OR delivered_at IS NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_transfer_one_end"), "transfer", "num_nonnulls(acknowledged_at, refused_at, canceled_at) <= 1"
    )
    op.create_index(
        "ix_transfer_unacknowledged",
        "transfer",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at IS NULL AND refused_at IS NULL AND canceled_at IS NULL"),
    )
    op.create_index(
        "uq_transfer_open",
        "transfer",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("acknowledged_at IS NULL AND refused_at IS NULL AND canceled_at IS NULL"),
    )
    op.create_index(
        "ix_service_case_undecided_receiving",
        "service_case",
        ["receiving_center_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "ix_service_case_undecided_handling",
        "service_case",
        ["handling_center_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "ix_service_case_undecided_due",
        "service_case",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "ix_service_case_provisional",
        "service_case",
        ["id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND (due_provisional OR statutory_provisional)"),
    )


def _seal_manifests_anew() -> None:
    """Manifests have another shape now, so each gets the digest of what it is: of canonical JSON, as the code does."""
    connection = op.get_bind()
    for case_id, transfer_id, manifest in connection.execute(sa.text("SELECT case_id, id, manifest FROM transfer")):
        said = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        connection.execute(
            sa.text("UPDATE transfer SET manifest_digest = :digest WHERE case_id = :case AND id = :id"),
            {"digest": hashlib.sha256(said.encode()).hexdigest(), "case": case_id, "id": transfer_id},
        )


def downgrade() -> None:
    op.drop_index(
        "ix_service_case_provisional",
        table_name="service_case",
        postgresql_where=sa.text("closed_at IS NULL AND (due_provisional OR statutory_provisional)"),
    )
    op.drop_index(
        "ix_service_case_undecided_due",
        table_name="service_case",
        postgresql_where=sa.text("decided_at IS NULL AND closed_at IS NULL"),
    )
    op.drop_index(
        "ix_service_case_undecided_handling",
        table_name="service_case",
        postgresql_where=sa.text("decided_at IS NULL AND closed_at IS NULL"),
    )
    op.drop_index(
        "ix_service_case_undecided_receiving",
        table_name="service_case",
        postgresql_where=sa.text("decided_at IS NULL AND closed_at IS NULL"),
    )
    op.drop_index(
        "uq_transfer_open",
        table_name="transfer",
        postgresql_where=sa.text("acknowledged_at IS NULL AND refused_at IS NULL AND canceled_at IS NULL"),
    )
    op.drop_index(
        "ix_transfer_unacknowledged",
        table_name="transfer",
        postgresql_where=sa.text("acknowledged_at IS NULL AND refused_at IS NULL AND canceled_at IS NULL"),
    )
    op.execute(
        "UPDATE transfer SET manifest = "
        "(SELECT coalesce(jsonb_agg(jsonb_build_object('material', code)), '[]'::jsonb) FROM jsonb_array_elements(manifest -> 'shown') AS code)"
    )
    for table, names in {
        "transfer": ("one_end", "stored_first", "two_centers"),
        "service_case": ("resting", "rating", "stars"),
    }.items():
        for name in names:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.drop_column("transfer", "sequence")
    op.drop_column("transfer", "escalation")
    op.drop_column("transfer", "attempts")
    op.drop_column("transfer", "canceled_at")
    op.drop_column("transfer", "refusal_reason")
    op.drop_column("transfer", "refused_at")
    op.drop_column("transfer", "delivered_at")
    op.drop_column("transfer", "routing")
    op.drop_constraint(op.f("fk_service_case_custodian_id_center"), "service_case", type_="foreignkey")
    op.drop_column("service_case", "rated_at")
    op.drop_column("service_case", "rating_comment")
    op.drop_column("service_case", "stars")
    op.drop_column("service_case", "result_document_id")
    op.drop_column("service_case", "supplement_asked_by")
    op.drop_column("service_case", "resting_since")
    op.drop_column("service_case", "rested_days")
    op.drop_column("service_case", "statutory_provisional")
    op.drop_column("service_case", "statutory_due_at")
    op.drop_column("service_case", "extra_days")
    op.drop_column("service_case", "promised_days")
    op.drop_column("service_case", "accepted_at")
    op.drop_column("service_case", "underway")
    op.drop_column("service_case", "custodian_id")
    op.drop_column("service_case", "routing_due_at")
    op.drop_column("service_case", "routing")
    op.drop_column("service_case", "last_event")
    op.drop_constraint(op.f("fk_center_successor_id_center"), "center", type_="foreignkey")
    op.drop_column("center", "successor_id")
    op.drop_table("supplement_request")
    op.drop_table("supplement_material")
    op.drop_index("ix_outbox_open", table_name="outbox", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_index("ix_outbox_due", table_name="outbox", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("outbox")
    op.drop_index("ix_notice_undelivered", table_name="notice", postgresql_where=sa.text("delivered_at IS NULL"))
    op.drop_table("notice")
    op.drop_table("document")
    op.drop_table("worklist_stream")
    op.drop_table("worklist_change")
    op.drop_index(op.f("ix_upload_expires_at"), table_name="upload")
    op.drop_table("upload")
    op.drop_table("calendar_publication")
