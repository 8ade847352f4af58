-- A word per tenant, sealed when the tenant was first served: a data folder whose root.key does not open it must not
-- serve this database.
create table key_canary (
    tenant_id uuid not null constraint key_canary_tenant references tenant (id),
    sealed bytea not null,
    constraint key_canary_pk primary key (tenant_id)
);

-- The audit entries that wait for their seal: written with the entry, taken out with the seal. What stands neither
-- here nor in the chain was put in by somebody else.
create table audit_unsealed (
    tenant_id uuid not null constraint audit_unsealed_tenant references tenant (id),
    entry_id uuid not null,
    at timestamptz not null,
    constraint audit_unsealed_pk primary key (tenant_id, entry_id)
);

do $$
declare
    name text;
begin
    foreach name in array array['key_canary', 'audit_unsealed']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy tenant_only on %I using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()))',
            name);
    end loop;
end
$$;

grant select, insert on key_canary to xindeng_app;
grant select, insert, delete on audit_unsealed to xindeng_app;

-- what an older version left behind its window of two minutes; the owner is bound by row security too
alter table audit_entry no force row level security;
alter table audit_seal no force row level security;
alter table audit_unsealed no force row level security;
insert into audit_unsealed (tenant_id, entry_id, at)
select e.tenant_id, e.id, e.at
  from audit_entry e
 where not exists (select from audit_seal s where s.tenant_id = e.tenant_id and s.entry_id = e.id);
alter table audit_entry force row level security;
alter table audit_seal force row level security;
alter table audit_unsealed force row level security;
