-- Changes about which nobody has decided, with the log they came in: found by area and by device, so that what one device
-- brings is in nobody else's way. A cache: `banlang rebuild` makes it again.
create table open_change (
    place integer primary key, -- batch_id * 256 + ordinal of the change: ascends in the order of arrival
    generation integer not null,
    code integer not null,
    device_id blob not null,
    verdict text not null check (verdict in ('waiting', 'unjudged', 'absent', 'quarantined')) -- as in change
) strict;
insert into open_change (place, generation, code, device_id, verdict)
    select c.batch_id * 256 + c.ordinal, b.generation, b.code, b.device_id, c.verdict
    from change c join batch b on b.id = c.batch_id
    where c.verdict in ('waiting', 'unjudged', 'absent', 'quarantined');
create index open_change_of_area on open_change (verdict, generation, code, place);
create index open_change_absent on open_change (device_id) where verdict = 'absent';
drop index change_open;
