-- What one administrator asks for an account and another decides: roles it shall hold, a new link into it.

create table account_request (
    tenant_id uuid not null constraint account_request_tenant references tenant (id),
    id uuid not null,
    account_id uuid not null,
    kind text not null constraint account_request_kind check (kind in ('roles', 'reset')),
    -- the roles to be added
    grants jsonb not null default '[]',
    asked_by uuid not null,
    asked_at timestamptz not null,
    outcome text constraint account_request_outcome check (outcome in ('approved', 'rejected', 'withdrawn')),
    decided_by uuid,
    decided_at timestamptz,
    -- an approved reset gives its link once
    used_at timestamptz,
    constraint account_request_pk primary key (tenant_id, id),
    constraint account_request_account foreign key (tenant_id, account_id) references account (tenant_id, id),
    constraint account_request_asked_by foreign key (tenant_id, asked_by) references account (tenant_id, id),
    constraint account_request_decided_by foreign key (tenant_id, decided_by) references account (tenant_id, id),
    constraint account_request_decided check (
        (outcome is null) = (decided_at is null) and (outcome is null) = (decided_by is null)),
    constraint account_request_two_people check (
        outcome is distinct from 'approved' or decided_by not in (asked_by, account_id))
);
create unique index account_request_one_open on account_request (tenant_id, account_id, kind) where outcome is null;

alter table account_request enable row level security;
alter table account_request force row level security;
create policy tenant_only on account_request
    using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
grant select, insert, update on account_request to xindeng_app;
