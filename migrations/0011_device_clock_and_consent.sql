-- What a device's clock said, beside the corrected times; what whoever looks at a result is told of it.
alter table screening add column clock jsonb;
alter table suggestion add column clock jsonb;
