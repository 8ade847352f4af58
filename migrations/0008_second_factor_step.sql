-- A one-time code opens once (RFC 6238 §5.2): the time step of the last one that did.

alter table account add column second_factor_step bigint not null default 0;
