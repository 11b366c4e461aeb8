-- Read tables: what lists, coverage and exports are read from. All of it is a cache: `banlang rebuild` empties these
-- tables and fills them again from the batches. Days count from 1970-01-01; times are milliseconds.

-- One row a session. A column is null where the record's field is empty; of a conflict, the value that shows.
create table session (
    record_id blob not null primary key check (length(record_id) = 16),
    -- The unit as recorded; resolved to other generations by lineage, never rewritten.
    generation integer not null,
    code integer not null,
    village_id text not null, -- '' when the place is not a village of the register
    place text,
    place_kind text,
    held_day integer,
    start_minute integer,
    duration_minutes integer,
    format text,
    setting text,
    attendances integer,
    women integer,
    under16 integer,
    minority integer,
    count_basis text,
    households integer,
    pledges integer,
    broadcasts integer,
    broadcast_minutes integer,
    lead_unit text,
    -- JSON: {"topics":[…],"partners":[…],"languages":[…],"difficulties":[…],"hotlines":[…],"team":{…}}; read whole,
    -- so one column instead of six rows a session.
    tags text not null,
    notes text not null,
    -- Place and notes folded as names are, for search.
    folded text not null,
    voided integer not null check (voided in (0, 1)),
    void_reason text,
    conflict_count integer not null check (conflict_count >= 0),
    review_state text not null,
    schema_number integer not null,
    -- Who made it, on which device, by which claim and when its first change came; then the newest change.
    recorder integer not null,
    device_id blob not null check (length(device_id) = 8),
    claimed_at_ms integer not null,
    received_at_ms integer not null,
    updated_at_ms integer not null,
    updated_device_id blob not null check (length(updated_device_id) = 8),
    -- 32 bytes a head, ascending.
    heads blob not null
) strict;

-- A session without a day sorts before all others, alike on both engines.
create index session_by_day on session (coalesce(held_day, -1), record_id);
create index session_by_area on session (generation, code, coalesce(held_day, -1), record_id);
create index session_by_arrival on session (received_at_ms, record_id);

-- Material handed out: the sum of all recorders' tallies, one row a kind that is not zero.
create table session_material (
    record_id blob not null,
    kind text not null,
    quantity integer not null check (quantity > 0),
    primary key (record_id, kind)
) strict, without rowid;

-- A site visit to a panel.
create table panel_check (
    record_id blob not null primary key check (length(record_id) = 16),
    generation integer not null,
    code integer not null,
    site text,
    checked_day integer,
    hotline_wrong integer check (hotline_wrong in (0, 1)),
    conditions text not null, -- JSON list of codes
    notes text not null,
    voided integer not null check (voided in (0, 1)),
    void_reason text,
    conflict_count integer not null check (conflict_count >= 0),
    schema_number integer not null,
    recorder integer not null,
    device_id blob not null check (length(device_id) = 8),
    claimed_at_ms integer not null,
    received_at_ms integer not null,
    updated_at_ms integer not null,
    updated_device_id blob not null check (length(updated_device_id) = 8),
    heads blob not null
) strict;

create index panel_check_by_day on panel_check (coalesce(checked_day, -1), record_id);

-- A decision of an officer on a session, bound to the heads that were read. May arrive before its session.
create table review (
    record_id blob not null primary key check (length(record_id) = 16),
    generation integer not null,
    code integer not null,
    session_id blob not null check (length(session_id) = 16),
    decision text not null,
    comment text not null,
    read_heads blob not null, -- 32 bytes a head, ascending
    supersedes blob not null, -- 16 bytes a review, ascending
    voided integer not null check (voided in (0, 1)),
    void_reason text,
    conflict_count integer not null check (conflict_count >= 0),
    schema_number integer not null,
    recorder integer not null,
    device_id blob not null check (length(device_id) = 8),
    claimed_at_ms integer not null,
    received_at_ms integer not null,
    updated_at_ms integer not null,
    updated_device_id blob not null check (length(updated_device_id) = 8),
    heads blob not null
) strict;

create index review_by_session on review (session_id);

-- An open disagreement about one field of one record: every value with its author, the one that shows first.
create table conflict (
    record_id blob not null,
    field text not null,
    kind integer not null, -- kind of the record, as in signed headers
    generation integer not null,
    code integer not null,
    claims text not null, -- JSON list
    primary key (record_id, field)
) strict, without rowid;

create index conflict_by_area on conflict (generation, code);

-- The roll-up: sums over sessions that are not voided and have a day, by village and day and by village and reporting
-- month. A row is there only while it counts something. What is held on social media counts in posts alone.
create table coverage_day (
    held_day integer not null,
    generation integer not null,
    code integer not null,
    village_id text not null,
    sessions integer not null,
    confirmed integer not null,
    integrated integer not null,
    attendances integer not null,
    women integer not null,
    under16 integer not null,
    minority integer not null,
    households integer not null,
    pledges integer not null,
    broadcasts integer not null,
    broadcast_minutes integer not null,
    posts integer not null,
    primary key (held_day, generation, code, village_id)
) strict, without rowid;

create index coverage_day_by_village on coverage_day (village_id, held_day);

-- month: year × 12 + month, January being 0, of the reporting month that closes on coverage_calendar.closing_day.
create table coverage_month (
    month integer not null,
    generation integer not null,
    code integer not null,
    village_id text not null,
    sessions integer not null,
    confirmed integer not null,
    integrated integer not null,
    attendances integer not null,
    women integer not null,
    under16 integer not null,
    minority integer not null,
    households integer not null,
    pledges integer not null,
    broadcasts integer not null,
    broadcast_minutes integer not null,
    posts integer not null,
    primary key (month, generation, code, village_id)
) strict, without rowid;

create index coverage_month_by_area on coverage_month (generation, code, month);

-- Material handed out, as above.
create table material_day (
    held_day integer not null,
    generation integer not null,
    code integer not null,
    village_id text not null,
    kind text not null,
    quantity integer not null,
    primary key (held_day, generation, code, village_id, kind)
) strict, without rowid;

create table material_month (
    month integer not null,
    generation integer not null,
    code integer not null,
    village_id text not null,
    kind text not null,
    quantity integer not null,
    primary key (month, generation, code, village_id, kind)
) strict, without rowid;

-- The closing day the monthly roll-up was made for; at most one row.
create table coverage_calendar (
    id integer primary key check (id = 1),
    closing_day integer not null
) strict;
