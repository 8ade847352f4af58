-- Alarms: raised, claimed, acknowledged, closed; never lost, never doubled.

create table escalation_policy (
    tenant_id uuid not null constraint escalation_policy_tenant references tenant (id),
    id text not null,
    version text not null,
    document jsonb not null,
    active_from timestamptz not null,
    constraint escalation_policy_pk primary key (tenant_id, id, version)
);

create table alarm_number (
    tenant_id uuid constraint alarm_number_pk primary key constraint alarm_number_tenant references tenant (id),
    last bigint not null
);

create table alarm (
    tenant_id uuid not null constraint alarm_tenant references tenant (id),
    id uuid not null,
    number bigint not null,
    kind text not null constraint alarm_kind check (kind in ('button', 'screening', 'word', 'queue', 'api', 'system', 'canary')),
    reason text not null,
    org_id uuid not null,
    district_id uuid not null,
    priority smallint not null constraint alarm_priority check (priority between 1 and 4),
    -- the state machine of rules::dispatch, whole; the columns beside it are for finding it
    state text not null constraint alarm_state check (state in ('raised', 'claimed', 'acknowledged', 'closed')),
    machine_sealed bytea not null,
    holder_id uuid,
    policy text not null,
    policy_snapshot jsonb not null,
    escalation_step integer not null default 0,
    escalation_lap integer not null default 0,
    fence bigint not null default 0,
    person_id uuid,
    screening_id uuid,
    queue_item_id uuid,
    raised_by uuid,
    raised_at timestamptz not null,
    device_raised_at timestamptz,
    presented_at timestamptz,
    count integer not null default 1,
    last_press_at timestamptz not null,
    place_sealed bytea,
    drill boolean not null default false,
    shelved_until timestamptz,
    returned_at timestamptz,
    closed_at timestamptz,
    version bigint not null default 1,
    -- the last change of who has it or how it stands: whoever acts on an older version is told who was faster
    decided_version bigint not null default 1,
    decided_by uuid,
    decided_at timestamptz,
    constraint alarm_pk primary key (tenant_id, id),
    constraint alarm_number_unique unique (tenant_id, number),
    constraint alarm_closed check ((state = 'closed') = (closed_at is not null)),
    constraint alarm_held check ((state in ('claimed', 'acknowledged')) = (holder_id is not null))
);
create index alarm_open on alarm (tenant_id, priority, raised_at) where state <> 'closed';
create index alarm_by_person on alarm (tenant_id, person_id, raised_at desc) where person_id is not null;
create index alarm_closed_at on alarm (tenant_id, closed_at desc) where closed_at is not null;

-- every press and every report, kept as it came
create table alarm_signal (
    tenant_id uuid not null,
    -- the id its sender gave it; of the one that opened an alarm, the alarm's own
    id uuid not null,
    alarm_id uuid not null,
    kind text not null,
    by_account uuid,
    at timestamptz not null,
    device_at timestamptz,
    priority smallint not null,
    note_sealed bytea,
    constraint alarm_signal_pk primary key (tenant_id, id),
    constraint alarm_signal_alarm foreign key (tenant_id, alarm_id) references alarm (tenant_id, id)
);
create index alarm_signal_by_alarm on alarm_signal (tenant_id, alarm_id);

create table alarm_note (
    tenant_id uuid not null,
    id uuid not null,
    alarm_id uuid not null,
    by_account uuid not null,
    at timestamptz not null,
    text_sealed bytea not null,
    constraint alarm_note_pk primary key (tenant_id, id),
    constraint alarm_note_alarm foreign key (tenant_id, alarm_id) references alarm (tenant_id, id)
);
create index alarm_note_by_alarm on alarm_note (tenant_id, alarm_id, at);
