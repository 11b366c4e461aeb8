-- Headquarters: what officers, coordinators and administrators settle and enter. Nothing here is made from batches but
-- the tables marked as caches.

-- Two sessions that a person looked at: the same event told twice, or two events. The newest word stands; what stood
-- before is in the audit. record_a < record_b.
create table session_pair (
    record_a blob not null check (length(record_a) = 16),
    record_b blob not null check (length(record_b) = 16),
    standing text not null check (standing in ('linked', 'distinct')),
    counted blob check (counted in (record_a, record_b)), -- of a link: the one that counts
    reason text not null,
    decided_by integer not null, -- an account
    decided_at_ms integer not null,
    primary key (record_a, record_b),
    check (record_a < record_b),
    check ((standing = 'linked') = (counted is not null))
) strict, without rowid;
create index session_pair_of_b on session_pair (record_b);

-- Which post a person works at, since when; null: at none. Kept, so that what was recorded stays with the post of its time.
create table account_post (
    account_id integer not null references account (id),
    since_day integer not null,
    post_id text,
    primary key (account_id, since_day)
) strict, without rowid;

-- Material issued to a post.
create table material_issue (
    id integer primary key autoincrement,
    post_id text not null,
    kind text not null,
    quantity integer not null check (quantity > 0),
    issued_day integer not null,
    note text not null,
    entered_by integer not null references account (id),
    entered_at_ms integer not null,
    void_reason text
) strict;
create index material_issue_by_day on material_issue (issued_day, id);

-- Meetings of a club: how many, never who.
create table club_meeting (
    id integer primary key autoincrement,
    club_id text not null,
    held_day integer not null,
    meetings integer not null check (meetings > 0),
    note text not null,
    entered_by integer not null references account (id),
    entered_at_ms integer not null,
    void_reason text
) strict;
create index club_meeting_by_day on club_meeting (held_day, id);

-- News items, articles and broadcasts; never added to attendances.
create table media_item (
    id integer primary key autoincrement,
    kind text not null check (kind in ('news_item', 'article', 'broadcast')),
    published_day integer not null,
    quantity integer not null check (quantity > 0),
    minutes integer check (minutes > 0), -- of broadcasts, in all
    generation integer, -- the unit, when it was one's own
    code integer,
    note text not null,
    entered_by integer not null references account (id),
    entered_at_ms integer not null,
    void_reason text,
    check ((generation is null) = (code is null)),
    check (kind = 'broadcast' or minutes is null)
) strict;
create index media_item_by_day on media_item (published_day, id);

-- Context figures of the province, entered by hand, for instance illegal exits.
create table context_figure (
    id integer primary key autoincrement,
    code text not null,
    from_day integer not null,
    to_day integer not null,
    quantity integer not null check (quantity >= 0),
    source text not null,
    entered_by integer not null references account (id),
    entered_at_ms integer not null,
    void_reason text,
    check (from_day <= to_day)
) strict;
create index context_figure_by_day on context_figure (from_day, id);

-- Where a village lies, when an imported list says so: the village, never a house. Thousandths of a degree.
alter table village add column lat_e3 integer;
alter table village add column lon_e3 integer;

-- Searches in the audit.
create index audit_account on audit (account_id, id);
create index audit_action on audit (action, id);

-- The newest check of each panel.
create index panel_check_by_site on panel_check (site, coalesce(checked_day, -1), record_id);

-- Caches, made again by `banlang rebuild`.

-- Of a session that is linked to another: the one that counts in its place.
alter table session add column counted_as blob check (length(counted_as) = 16);
-- What waits for somebody, counted and listed without a walk over what is confirmed. What a partial index says of its rows
-- stands in it once more: SQLite looks into the table for it otherwise.
create index session_open_by_area on session (generation, code, review_state, received_at_ms, voided) where not voided and review_state <> 'confirmed';
create index session_open_by_day on session (review_state, coalesce(held_day, -1), record_id) where not voided and review_state <> 'confirmed';
create index session_open_by_arrival on session (review_state, received_at_ms, record_id, voided) where not voided and review_state <> 'confirmed';
create index session_voided on session (generation, code, received_at_ms, voided) where voided;
create index session_in_conflict on session (generation, code, received_at_ms, voided, conflict_count) where not voided and conflict_count > 0;
create index session_by_recorder on session (recorder, coalesce(held_day, -1), record_id);
create index session_by_village on session (village_id, coalesce(held_day, -1), record_id);

-- Pairs that may be one event, found when either is written; without a word of anybody yet. record_a < record_b.
create table duplicate_suspect (
    record_a blob not null,
    record_b blob not null,
    primary key (record_a, record_b)
) strict, without rowid;
create index duplicate_suspect_of_b on duplicate_suspect (record_b);

-- The roll-up by what sessions were like: facet is format, topic, language, difficulty or recorder; value its
-- code, of a recorder the account. A session counts once under each of its values.
create table facet_month (
    month integer not null,
    generation integer not null,
    code integer not null,
    village_id text not null,
    facet text not null,
    value text not null,
    sessions integer not null,
    confirmed integer not null,
    attendances integer not null,
    posts integer not null,
    primary key (facet, value, month, generation, code, village_id)
) strict, without rowid;

-- Material handed out, by who recorded the session.
create table material_recorder_month (
    month integer not null,
    recorder integer not null,
    kind text not null,
    quantity integer not null,
    primary key (month, recorder, kind)
) strict, without rowid;

-- The new caches, of what is on file.
insert into facet_month
with counted as (
    select generation, code, village_id, format, recorder, tags, review_state = 'confirmed' as confirmed,
        coalesce(attendances, 0) as attendances, coalesce(format = 'online', 0) as online,
        cast(strftime('%Y', held_day * 86400, 'unixepoch') as integer) * 12
            + cast(strftime('%m', held_day * 86400, 'unixepoch') as integer) - 1
            + coalesce((select closing_day > 0 and cast(strftime('%d', held_day * 86400, 'unixepoch') as integer) > closing_day
                from coverage_calendar), 0) as month
    from session where held_day is not null and voided = 0 and counted_as is null
), told as (
    select c.*, 'format' as facet, format as value from counted c where format is not null
    union all select c.*, 'recorder', cast(recorder as text) from counted c
    union all select c.*, 'topic', t.value from counted c, json_each(c.tags, '$.topics') t
    union all select c.*, 'language', t.value from counted c, json_each(c.tags, '$.languages') t
    union all select c.*, 'difficulty', t.value from counted c, json_each(c.tags, '$.difficulties') t
)
select month, generation, code, village_id, facet, value, sum(not online), sum(confirmed and not online),
    sum(case when online then 0 else attendances end), sum(online)
from told group by facet, value, month, generation, code, village_id;
insert into material_recorder_month
select cast(strftime('%Y', held_day * 86400, 'unixepoch') as integer) * 12
        + cast(strftime('%m', held_day * 86400, 'unixepoch') as integer) - 1
        + coalesce((select closing_day > 0 and cast(strftime('%d', held_day * 86400, 'unixepoch') as integer) > closing_day
            from coverage_calendar), 0),
    recorder, kind, sum(quantity)
from session join session_material using (record_id) where held_day is not null and voided = 0 and counted_as is null
group by 1, 2, 3;
insert into duplicate_suspect
select a.record_id, b.record_id from session a join session b
    on b.village_id = a.village_id and coalesce(b.held_day, -1) = coalesce(a.held_day, -1) and b.record_id > a.record_id
where a.village_id <> '' and a.held_day is not null and a.voided = 0 and b.voided = 0 and a.recorder <> b.recorder
    and coalesce(abs(a.start_minute - b.start_minute) <= 120, coalesce(a.format = b.format, 1))
    -- Of an occasion with more sessions than that nobody is helped by pairs.
    and (select count(*) from session m where m.village_id = a.village_id
        and coalesce(m.held_day, -1) = coalesce(a.held_day, -1) and m.voided = 0) <= 20;
