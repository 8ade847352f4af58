-- Where no birth date is on file the person says how old they are, with each consent; the rules about the young go by it.
alter table person
    add column declared_age text constraint person_declared_age check (declared_age in ('under_14', '14_to_17', 'adult'));

-- Relations were stored as the page's words. The table answers for one tenant at a time, also to its owner.
alter table consent no force row level security;
update consent
   set guardian_relation = case
           when given_by <> 'guardian' then null
           when guardian_relation in ('母亲', 'mother') then 'mother'
           when guardian_relation in ('父亲', 'father') then 'father'
           else 'other_guardian'
       end;
alter table consent force row level security;

-- Who may see it are the recipients that the notice names. Every consent so far was given to the notice with these three.
alter table consent
    add column recipients text[] not null default '{screener,centre_care,centre_dispatch}',
    add column declared_age text constraint consent_declared_age check (declared_age in ('under_14', '14_to_17', 'adult')),
    alter column recipient drop not null,
    add constraint consent_by_whom check ((given_by = 'guardian') = (guardian_relation is not null)),
    add constraint consent_relation check (
        guardian_relation in
            ('mother', 'father', 'grandparent', 'elder_sibling', 'spouse', 'adult_child', 'other_guardian')
    );
alter table consent alter column recipients drop default;

-- Taken back: who wrote it down, when, and why if it was said. The mark on the person is what is asked at every submit.
create table consent_withdrawal (
    tenant_id uuid not null constraint consent_withdrawal_tenant references tenant (id),
    id uuid not null,
    person_id uuid not null,
    org_id uuid not null,
    reason_sealed bytea,
    by_account uuid not null,
    at timestamptz not null,
    constraint consent_withdrawal_pk primary key (tenant_id, id),
    constraint consent_withdrawal_person foreign key (tenant_id, person_id) references person (tenant_id, id)
);
create index consent_withdrawal_by_person on consent_withdrawal (tenant_id, person_id, at);
alter table consent_withdrawal enable row level security;
alter table consent_withdrawal force row level security;
create policy tenant_only on consent_withdrawal
    using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
create policy visible_subtree on consent_withdrawal as restrictive
    using (org_id in (select u.id from org_unit u where u.path && (select app_scopes())))
    with check (org_id in (select u.id from org_unit u where u.path && (select app_scopes())));
grant select, insert on consent_withdrawal to xindeng_app;
alter table person add column consent_withdrawn_at timestamptz;
