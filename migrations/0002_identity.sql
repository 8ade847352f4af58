-- The org tree, accounts, roles, sessions, duty.

create table org_unit (
    tenant_id uuid not null constraint org_unit_tenant references tenant (id),
    id uuid not null,
    parent_id uuid,
    kind text not null constraint org_unit_kind check (kind in (
        'province', 'city', 'district', 'street', 'community', 'grid',
        'school', 'grade', 'class', 'employer', 'department', 'hospital', 'ward')),
    code text not null,
    name text not null,
    -- ids from the root down to this unit itself
    path uuid[] not null,
    -- the district this unit lies in; the root for what stands above districts
    district_id uuid not null,
    constraint org_unit_pk primary key (tenant_id, id),
    constraint org_unit_parent foreign key (tenant_id, parent_id) references org_unit (tenant_id, id),
    constraint org_unit_code_unique unique (tenant_id, code)
);
create index org_unit_path on org_unit using gin (path);

create table account (
    tenant_id uuid not null constraint account_tenant references tenant (id),
    id uuid not null,
    login text not null,
    name text not null,
    password_hash text,
    -- one-time link for the first password or a reset
    setup_hash bytea,
    setup_expires_at timestamptz,
    second_factor_sealed bytea,
    second_factor_pending_sealed bytea,
    disabled_at timestamptz,
    version bigint not null default 1,
    created_at timestamptz not null,
    constraint account_pk primary key (tenant_id, id),
    constraint account_login_unique unique (tenant_id, login)
);
create unique index account_setup on account (tenant_id, setup_hash) where setup_hash is not null;

create table account_role (
    tenant_id uuid not null,
    account_id uuid not null,
    role text not null,
    org_id uuid not null,
    constraint account_role_pk primary key (tenant_id, account_id, role, org_id),
    constraint account_role_account foreign key (tenant_id, account_id) references account (tenant_id, id),
    constraint account_role_org foreign key (tenant_id, org_id) references org_unit (tenant_id, id)
);

create table session (
    tenant_id uuid not null,
    id uuid not null,
    token_hash bytea not null,
    account_id uuid not null,
    csrf text not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    constraint session_pk primary key (tenant_id, id),
    constraint session_token_unique unique (tenant_id, token_hash),
    constraint session_account foreign key (tenant_id, account_id) references account (tenant_id, id)
);
create index session_revoked on session (tenant_id, revoked_at) where revoked_at is not null;
create index session_by_account on session (tenant_id, account_id) where revoked_at is null;

create table live_ticket (
    tenant_id uuid not null,
    token_hash bytea not null,
    session_id uuid not null,
    expires_at timestamptz not null,
    constraint live_ticket_pk primary key (tenant_id, token_hash)
);

-- who stands on which post, now and before
create table duty (
    tenant_id uuid not null,
    id uuid not null,
    post text not null,
    org_id uuid not null,
    account_id uuid not null,
    on_at timestamptz not null,
    off_at timestamptz,
    handed_to uuid,
    constraint duty_pk primary key (tenant_id, id),
    constraint duty_account foreign key (tenant_id, account_id) references account (tenant_id, id),
    constraint duty_org foreign key (tenant_id, org_id) references org_unit (tenant_id, id)
);
create unique index duty_open_once on duty (tenant_id, post, org_id, account_id) where off_at is null;
