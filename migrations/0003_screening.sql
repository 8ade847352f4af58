-- Persons, campaigns, screenings, consent.

-- Names, phones, numbers, addresses are sealed; hashes are keyed, for looking up only.
create table person (
    tenant_id uuid not null constraint person_tenant references tenant (id),
    id uuid not null,
    org_id uuid not null,
    name_sealed bytea not null,
    name_hash bytea not null,
    sex text not null constraint person_sex check (sex in ('F', 'M', 'U')),
    birth_date_sealed bytea,
    phone_sealed bytea,
    phone_hash bytea,
    id_number_sealed bytea,
    id_number_hash bytea,
    address_sealed bytea,
    modifiers text[] not null default '{}',
    is_anonymous boolean not null default false,
    body_hash bytea not null,
    version bigint not null default 1,
    created_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint person_pk primary key (tenant_id, id),
    constraint person_org foreign key (tenant_id, org_id) references org_unit (tenant_id, id)
);
create unique index person_id_number_unique on person (tenant_id, id_number_hash) where id_number_hash is not null;
create index person_by_name on person (tenant_id, name_hash);
create index person_by_phone on person (tenant_id, phone_hash) where phone_hash is not null;
create index person_by_org on person (tenant_id, org_id);

create table campaign (
    tenant_id uuid not null constraint campaign_tenant references tenant (id),
    id uuid not null,
    title text not null,
    org_id uuid not null,
    scales jsonb not null,
    starts_on date not null,
    ends_on date not null,
    frozen_at timestamptz,
    body_hash bytea not null,
    created_by uuid not null,
    created_at timestamptz not null,
    constraint campaign_pk primary key (tenant_id, id),
    constraint campaign_org foreign key (tenant_id, org_id) references org_unit (tenant_id, id),
    constraint campaign_dates check (ends_on >= starts_on)
);

create table target (
    tenant_id uuid not null,
    id uuid not null,
    campaign_id uuid not null,
    person_id uuid not null,
    org_id uuid not null,
    due_on date not null,
    constraint target_pk primary key (tenant_id, id),
    constraint target_once unique (tenant_id, campaign_id, person_id),
    constraint target_campaign foreign key (tenant_id, campaign_id) references campaign (tenant_id, id),
    constraint target_person foreign key (tenant_id, person_id) references person (tenant_id, id)
);
create index target_by_org on target (tenant_id, org_id, due_on);

create table consent (
    tenant_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    org_id uuid not null,
    notice_version text not null,
    purpose text not null,
    recipient text not null,
    given_by text not null constraint consent_given_by check (given_by in ('self', 'guardian')),
    guardian_relation text,
    given_at timestamptz not null,
    recorded_by uuid not null,
    withdrawn_at timestamptz,
    constraint consent_pk primary key (tenant_id, id),
    constraint consent_person foreign key (tenant_id, person_id) references person (tenant_id, id)
);
create index consent_by_person on consent (tenant_id, person_id);

create table screening (
    tenant_id uuid not null constraint screening_tenant references tenant (id),
    id uuid not null,
    person_id uuid not null,
    org_id uuid not null,
    campaign_id uuid,
    target_id uuid,
    visit_id uuid not null,
    look_of uuid,
    scale text not null,
    scale_version text not null,
    scale_hash text not null,
    answers_sealed bytea not null,
    result_sealed bytea not null,
    mode text not null constraint screening_mode check (mode in ('self', 'interview', 'paper', 'import')),
    locale text not null,
    seen text not null constraint screening_seen check (seen in ('in_person', 'remote')),
    is_historical boolean not null default false,
    is_broken_off boolean not null default false,
    danger jsonb not null default '{}',
    started_at timestamptz not null,
    finished_at timestamptz not null,
    received_at timestamptz not null,
    submitted_by uuid not null,
    consent_id uuid,
    danger_to_life_sealed bytea,
    -- what the tablet had said, kept when it differs from us
    device_differs jsonb,
    receipt text not null,
    body_hash bytea not null,
    import_key bytea,
    version bigint not null default 1,
    constraint screening_pk primary key (tenant_id, id),
    constraint screening_person foreign key (tenant_id, person_id) references person (tenant_id, id),
    constraint screening_consent_or_danger check (consent_id is not null or danger_to_life_sealed is not null or mode = 'import')
);
create index screening_by_person on screening (tenant_id, person_id, finished_at desc);
create index screening_by_visit on screening (tenant_id, visit_id);
create index screening_by_target on screening (tenant_id, target_id) where target_id is not null;
create index screening_by_org on screening (tenant_id, org_id, received_at);
create unique index screening_import_once on screening (tenant_id, import_key) where import_key is not null;

create table screening_correction (
    tenant_id uuid not null,
    id uuid not null,
    screening_id uuid not null,
    org_id uuid not null,
    from_person uuid not null,
    to_person uuid not null,
    reason_sealed bytea not null,
    by_account uuid not null,
    at timestamptz not null,
    constraint screening_correction_pk primary key (tenant_id, id),
    constraint screening_correction_screening foreign key (tenant_id, screening_id) references screening (tenant_id, id)
);
