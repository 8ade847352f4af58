-- Tenants, streams of events, timers, deliveries, audit: what every slice stands on.
-- Runs as the owner of the database; the server works as xindeng_app, which owns nothing and cannot pass row security.

do $$
begin
    if not exists (select from pg_roles where rolname = 'xindeng_app') then
        create role xindeng_app nologin nobypassrls;
    end if;
end
$$;

-- Whose data this transaction may touch. A transaction that forgot to say is an error, not an empty answer.
create function app_tenant() returns uuid language sql stable as
$$ select current_setting('app.tenant')::uuid $$;

create function app_actor() returns uuid language sql stable as
$$ select current_setting('app.actor')::uuid $$;

-- org units whose subtree is visible
create function app_scopes() returns uuid[] language sql stable as
$$ select current_setting('app.scopes')::uuid[] $$;

-- The list of tenants and the directory of logins come before a tenant is known; they hold no person's data
-- and are the only tables without row security (tests/flows/privacy.rs keeps the list).
create table tenant (
    id uuid constraint tenant_pk primary key,
    code text not null constraint tenant_code_unique unique,
    name text not null,
    zone text not null default 'Asia/Shanghai',
    is_fictional boolean not null default false,
    helplines jsonb not null default '[]',
    created_at timestamptz not null
);

create table login_directory (
    login text constraint login_directory_pk primary key,
    tenant_id uuid not null constraint login_directory_tenant references tenant (id),
    account_id uuid not null
);

create table stream_head (
    tenant_id uuid not null constraint stream_head_tenant references tenant (id),
    stream text not null,
    epoch integer not null default 1,
    seq bigint not null,
    constraint stream_head_pk primary key (tenant_id, stream)
);

create table event (
    tenant_id uuid not null,
    stream text not null,
    epoch integer not null,
    seq bigint not null,
    at timestamptz not null,
    type text not null,
    subject_kind text not null,
    subject_id uuid not null,
    actor_id uuid,
    body jsonb not null,
    constraint event_pk primary key (tenant_id, stream, epoch, seq)
);
create index event_subject on event (tenant_id, subject_id, at);

create table timer (
    tenant_id uuid not null constraint timer_tenant references tenant (id),
    subject_id uuid not null,
    kind text not null,
    step integer not null default 0,
    lap integer not null default 0,
    -- a timer older than its subject's fence does nothing
    fence bigint not null default 0,
    due_at timestamptz not null,
    body jsonb not null default '{}',
    attempts integer not null default 0,
    done_at timestamptz,
    constraint timer_pk primary key (tenant_id, subject_id, kind, step, lap, fence)
);
create index timer_due on timer (tenant_id, due_at) where done_at is null;

create table delivery (
    tenant_id uuid not null constraint delivery_tenant references tenant (id),
    -- uuidv5 of subject, step, lap, target and channel: the idempotency key a gateway sees
    id uuid not null,
    subject_id uuid not null,
    step integer not null,
    lap integer not null,
    -- the subject's fence when this was decided: tells the rounds of a plan apart that was started again
    fence bigint not null default 0,
    account_id uuid,
    post text not null,
    channel text not null,
    priority smallint not null,
    state text not null constraint delivery_state check (state in ('pending', 'sending', 'sent', 'received', 'failed')),
    attempts integer not null default 0,
    next_at timestamptz not null,
    lease_until timestamptz,
    -- how often a lease ran out without an answer: once is a crash, twice is a fault
    lapses integer not null default 0,
    created_at timestamptz not null,
    sent_at timestamptz,
    received_at timestamptz,
    last_error text,
    constraint delivery_pk primary key (tenant_id, id)
);
create index delivery_due on delivery (tenant_id, priority, next_at) where state in ('pending', 'sending');
create index delivery_subject on delivery (tenant_id, subject_id);

-- Append only: the server may insert and read. Seals are added by one sealer, in a chain.
create table audit_entry (
    tenant_id uuid not null constraint audit_entry_tenant references tenant (id),
    id uuid not null,
    at timestamptz not null,
    actor_id uuid,
    action text not null,
    subject_kind text not null,
    subject_id uuid,
    purpose text not null,
    detail jsonb not null default '{}',
    constraint audit_entry_pk primary key (tenant_id, id)
);
create index audit_entry_at on audit_entry (tenant_id, at);
create index audit_entry_subject on audit_entry (tenant_id, subject_id);

create table audit_seal (
    tenant_id uuid not null,
    seq bigint not null,
    entry_id uuid not null,
    entry_at timestamptz not null,
    prev_hash bytea not null,
    hash bytea not null,
    constraint audit_seal_pk primary key (tenant_id, seq),
    constraint audit_seal_once unique (tenant_id, entry_id)
);

-- what the loops last did, so that a silent one is seen
create table heartbeat (
    tenant_id uuid not null constraint heartbeat_tenant references tenant (id),
    name text not null,
    at timestamptz not null,
    constraint heartbeat_pk primary key (tenant_id, name)
);
