-- People at a door tell two of the same name apart by the last four digits of a phone number.

alter table person add column phone_tail_hash bytea;
create index person_by_phone_tail on person (tenant_id, phone_tail_hash) where phone_tail_hash is not null;
