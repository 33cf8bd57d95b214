"""the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('rule', sa.String(length=64), nullable=False),
    sa.Column('coordinate', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert')),
    sa.UniqueConstraint('rule', 'coordinate', name=op.f('uq_alert_rule'))
    )
    op.create_table('audit_segment',
    sa.Column('first', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=400), nullable=False),
    sa.Column('receipts', sa.LargeBinary(), nullable=False),
    sa.Column('frontier', sa.Text(), nullable=False),
    sa.Column('checkpoint', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('first', name=op.f('pk_audit_segment')),
    sa.UniqueConstraint('name', name=op.f('uq_audit_segment_name'))
    )
    op.create_table('coordinate',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('topic', sa.String(length=249), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('offset', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('batch', sa.String(length=320), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=True),
    sa.Column('rules', sa.Text(), nullable=True),
    sa.Column('quarantined_at', sa.String(length=32), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coordinate')),
    sa.UniqueConstraint('topic', 'partition', 'offset', name=op.f('uq_coordinate_topic'))
    )
    with op.batch_alter_table('coordinate', schema=None) as batch_op:
        batch_op.create_index('ix_coordinate_batch', ['batch'], unique=False)

    op.create_table('counter_allegation',
    sa.Column('link_mac', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('link_mac', name=op.f('pk_counter_allegation'))
    )
    op.create_table('draft',
    sa.Column('mention_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('subject_key', sa.LargeBinary(), nullable=False),
    sa.Column('content_key', sa.LargeBinary(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('recorded_ts', sa.String(length=32), nullable=False),
    sa.Column('due', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('mention_id', name=op.f('pk_draft'))
    )
    op.create_table('incident',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('mac', sa.LargeBinary(), nullable=False),
    sa.Column('link_mac', sa.LargeBinary(), nullable=False),
    sa.Column('top_version', sa.Integer(), nullable=False),
    sa.Column('signals', sa.SmallInteger(), nullable=False),
    sa.Column('linked', sa.Boolean(), nullable=False),
    sa.Column('dirty', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incident')),
    sa.UniqueConstraint('mac', name=op.f('uq_incident_mac'))
    )
    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.create_index('ix_incident_dirty', ['id'], unique=False, sqlite_where=sa.text('dirty'), postgresql_where=sa.text('dirty'))
        batch_op.create_index(batch_op.f('ix_incident_link_mac'), ['link_mac'], unique=False)

    op.create_table('mention',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('coordinate_id', sa.BigInteger(), nullable=False),
    sa.Column('incident_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('person_ref', sa.Text(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.BigInteger(), nullable=False),
    sa.Column('quarantined', sa.Boolean(), nullable=False),
    sa.Column('standing', sa.SmallInteger(), nullable=False),
    sa.Column('own', sa.SmallInteger(), nullable=False),
    sa.Column('if_da', sa.SmallInteger(), nullable=False),
    sa.Column('if_ms', sa.SmallInteger(), nullable=False),
    sa.Column('evidence', sa.SmallInteger(), nullable=False),
    sa.Column('caution', sa.SmallInteger(), nullable=False),
    sa.Column('child', sa.Boolean(), nullable=False),
    sa.Column('high_risk', sa.Boolean(), nullable=False),
    sa.Column('assessed', sa.Boolean(), nullable=False),
    sa.Column('consent', sa.SmallInteger(), nullable=False),
    sa.Column('ie_consent', sa.SmallInteger(), nullable=False),
    sa.Column('retracted', sa.Boolean(), nullable=False),
    sa.Column('rules', sa.BigInteger(), nullable=False),
    sa.Column('ties', sa.Text(), nullable=True),
    sa.Column('protections', sa.SmallInteger(), nullable=True),
    sa.Column('fired', sa.BigInteger(), nullable=True),
    sa.Column('policy_id', sa.Integer(), nullable=True),
    sa.Column('enforcement', sa.String(length=20), nullable=True),
    sa.Column('enforcement_why', sa.Text(), nullable=True),
    sa.Column('enforcement_state', sa.String(length=12), nullable=True),
    sa.Column('safeguarding', sa.String(length=20), nullable=True),
    sa.Column('safeguarding_why', sa.Text(), nullable=True),
    sa.Column('safeguarding_state', sa.String(length=12), nullable=True),
    sa.Column('msg_id', sa.String(length=36), nullable=True),
    sa.Column('referral_id', sa.String(length=36), nullable=True),
    sa.Column('run', sa.Integer(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mention'))
    )
    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mention_coordinate_id'), ['coordinate_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_mention_incident_id'), ['incident_id'], unique=False)
        batch_op.create_index('ix_mention_msg_id', ['msg_id'], unique=False, sqlite_where=sa.text('msg_id IS NOT NULL'), postgresql_where=sa.text('msg_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_mention_person_id'), ['person_id'], unique=False)
        batch_op.create_index('ix_mention_referral_id', ['referral_id'], unique=False, sqlite_where=sa.text('referral_id IS NOT NULL'), postgresql_where=sa.text('referral_id IS NOT NULL'))

    op.create_table('outbox',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.String(length=64), nullable=False),
    sa.Column('mark', sa.String(length=300), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('topic', sa.String(length=249), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('sent', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('message_id', name=op.f('uq_outbox_message_id'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_mark', ['mark', 'sequence'], unique=False)

    op.create_table('policy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('regime', sa.String(length=64), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy')),
    sa.UniqueConstraint('digest', name=op.f('uq_policy_digest'))
    )
    op.create_table('registry_person',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('form_mac', sa.LargeBinary(length=16), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('component', sa.BigInteger(), nullable=False),
    sa.Column('protections', sa.Integer(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_person')),
    sa.UniqueConstraint('form_mac', name=op.f('uq_registry_person_form_mac'))
    )
    with op.batch_alter_table('registry_person', schema=None) as batch_op:
        batch_op.create_index('ix_registry_person_component', ['component', 'protections'], unique=False)

    op.create_table('registry_run',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('bits', sa.SmallInteger(), nullable=False),
    sa.Column('tokens', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_run'))
    )
    op.create_table('registry_block',
    sa.Column('run', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('entries', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('run', 'bucket', name=op.f('pk_registry_block'))
    )
    op.create_table('registry_outline',
    sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('first', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('bucket', 'first', name=op.f('pk_registry_outline'))
    )
    # PostgreSQL would look for a shorter form of random bytes, and put them elsewhere
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE registry_block ALTER COLUMN entries SET STORAGE MAIN')
        op.execute('ALTER TABLE registry_outline ALTER COLUMN sealed SET STORAGE MAIN')
    op.create_table('release_run',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('subjects', sa.Integer(), nullable=False),
    sa.Column('withdrawals', sa.Integer(), nullable=False),
    sa.Column('sent', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_release_run'))
    )
    op.create_table('setting',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_setting'))
    )
    op.create_table('stage_done',
    sa.Column('batch', sa.String(length=320), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('seconds', sa.String(length=16), nullable=False),
    sa.Column('counts', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('batch', 'stage', name=op.f('pk_stage_done'))
    )
    op.create_table('subject',
    sa.Column('msg_id', sa.String(length=36), nullable=False),
    sa.Column('subject_key', sa.LargeBinary(), nullable=False),
    sa.Column('content_key', sa.LargeBinary(), nullable=False),
    sa.Column('release_run', sa.Integer(), nullable=False),
    sa.Column('withdrawn_by', sa.String(length=36), nullable=True),
    sa.PrimaryKeyConstraint('msg_id', name=op.f('pk_subject'))
    )
    with op.batch_alter_table('subject', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subject_content_key'), ['content_key'], unique=False)

