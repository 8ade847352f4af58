-- Every table with a tenant answers only for the tenant of the transaction; tables with an org unit also
-- only for the visible subtrees. A migration that adds a table adds its policy; a test refuses one without.

do $$
declare
    name text;
begin
    for name in
        select c.relname
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relkind = 'r' and c.relname not in ('login_directory')
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy tenant_only on %I using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()))',
            name);
    end loop;

    foreach name in array array['person', 'target', 'consent', 'screening', 'screening_correction', 'suggestion', 'queue_item', 'queue_change']
    loop
        execute format(
            'create policy visible_subtree on %I as restrictive
                 using (org_id in (select u.id from org_unit u where u.path && (select app_scopes())))
                 with check (org_id in (select u.id from org_unit u where u.path && (select app_scopes())))',
            name);
    end loop;
end
$$;

grant usage on schema public to xindeng_app;
grant select, insert, update, delete on all tables in schema public to xindeng_app;
-- history is not rewritten
revoke update, delete on event, audit_entry, audit_seal, suggestion, queue_change, alarm_signal, alarm_note, screening_correction from xindeng_app;
revoke insert, update, delete on tenant from xindeng_app;
grant insert, update on tenant to xindeng_app;
