-- Suggestions and the queue of tiered results: each with an owner and a deadline.

create table triage_policy (
    tenant_id uuid not null constraint triage_policy_tenant references tenant (id),
    id text not null,
    version text not null,
    document jsonb not null,
    signed_by uuid,
    active_from timestamptz not null,
    constraint triage_policy_pk primary key (tenant_id, id, version)
);

-- one per screening; never changed, so that what was suggested then can be shown now
create table suggestion (
    tenant_id uuid not null,
    id uuid not null,
    screening_id uuid not null,
    visit_id uuid not null,
    person_id uuid not null,
    org_id uuid not null,
    tier smallint not null constraint suggestion_tier check (tier between 0 and 4),
    policy text not null,
    document_sealed bytea not null,
    at timestamptz not null,
    constraint suggestion_pk primary key (tenant_id, id)
);
create index suggestion_by_person on suggestion (tenant_id, person_id, at desc);
create index suggestion_by_screening on suggestion (tenant_id, screening_id, at desc);

create table queue_item (
    tenant_id uuid not null constraint queue_item_tenant references tenant (id),
    id uuid not null,
    visit_id uuid not null,
    screening_id uuid not null,
    person_id uuid not null,
    org_id uuid not null,
    district_id uuid not null,
    state text not null constraint queue_item_state check (state in ('open', 'confirmed', 'closed')),
    suggested_tier smallint not null constraint queue_item_suggested_tier check (suggested_tier between 0 and 4),
    tier smallint not null constraint queue_item_tier check (tier between 0 and 4),
    suggestion_id uuid not null,
    list text not null constraint queue_item_list check (list in ('live', 'review')),
    owner_post text,
    owner_id uuid,
    due_at timestamptz,
    contacted_at timestamptz,
    overdue_at timestamptz,
    alarm_id uuid,
    second_asked_by uuid,
    second_tier smallint,
    second_reason_sealed bytea,
    closed_at timestamptz,
    close_outcome text,
    version bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint queue_item_pk primary key (tenant_id, id),
    constraint queue_item_one_per_visit unique (tenant_id, visit_id),
    -- no red left behind
    constraint queue_item_owned check (tier < 2 or state = 'closed' or (owner_post is not null and due_at is not null)),
    constraint queue_item_closed check ((state = 'closed') = (closed_at is not null))
);
create index queue_item_open on queue_item (tenant_id, due_at) where state <> 'closed';
create index queue_item_by_person on queue_item (tenant_id, person_id);

create table queue_change (
    tenant_id uuid not null,
    id uuid not null,
    queue_item_id uuid not null,
    org_id uuid not null,
    at timestamptz not null,
    by_account uuid,
    kind text not null,
    from_tier smallint,
    to_tier smallint,
    note_sealed bytea,
    constraint queue_change_pk primary key (tenant_id, id),
    constraint queue_change_item foreign key (tenant_id, queue_item_id) references queue_item (tenant_id, id)
);
create index queue_change_by_item on queue_change (tenant_id, queue_item_id, at);
