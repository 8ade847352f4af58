-- What an item waits for after first contact, what was tried, and a close that waits for its second person.

alter table queue_item
    add column stage text not null default 'first_contact'
        constraint queue_item_stage check (stage in ('first_contact', 'interview', 'follow_up', 'outcome')),
    add column follow_up smallint not null default 0,
    -- since when the deadlines of the stage and of those after it are counted
    add column counted_from timestamptz,
    -- attempts to reach the person since anybody was last in contact
    add column attempts smallint not null default 0,
    add column second_outcome text;

-- the table answers for one tenant at a time, also to its owner
alter table queue_item no force row level security;
update queue_item set counted_from = coalesce(contacted_at, created_at);
-- whoever was contacted before there were follow-ups gets the first one
update queue_item
   set stage = 'follow_up', follow_up = 1, due_at = contacted_at + interval '24 hours', overdue_at = null
 where contacted_at is not null and state <> 'closed' and tier >= 2;
alter table queue_item force row level security;

alter table queue_item
    alter column counted_from set not null,
    add constraint queue_item_follow_up check ((stage = 'follow_up') = (follow_up > 0)),
    add constraint queue_item_second check (
        num_nonnulls(second_tier, second_outcome) = num_nonnulls(second_asked_by));
create index queue_item_by_alarm on queue_item (tenant_id, alarm_id) where alarm_id is not null;
