-- Signed batches and their change bytes with the verdict each change got: the truth. And caches made from them.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Hashes are 32 bytes, devices 8, records 16.

create table batch (
    id integer primary key, -- ascends in the order of arrival; chosen by the one transaction that ingests at a time
    device_id blob not null references device (id), -- who signed
    generation integer not null,
    code integer not null,
    seq integer not null check (seq > 0),
    hash blob not null unique check (length(hash) = 32),
    prev blob not null check (length(prev) = 32),
    certificate_no integer not null, -- 0: the server's own log
    sealed_at_ms integer not null, -- claimed by the device
    schema_number integer not null,
    header blob not null, -- canonical bytes; with a context before them they are what was signed
    signature blob not null check (length(signature) = 64),
    received_at_ms integer not null,
    via text not null check (via in ('sync', 'deposit', 'file', 'server')),
    carrier_device_id blob, -- which device brought it, when that is known
    -- chained: follows its log without a gap. waiting: a batch before it is missing. forked: another batch holds its
    -- place, or the place of one before it.
    state text not null check (state in ('chained', 'waiting', 'forked')),
    backed_up integer not null default 0 check (backed_up in (0, 1))
) strict;
create unique index batch_place on batch (generation, code, device_id, seq) where state = 'chained';
create index batch_unchained on batch (generation, code, device_id, seq) where state <> 'chained';
create index batch_unsafe on batch (id) where backed_up = 0;

create table change (
    batch_id integer not null references batch (id),
    ordinal integer not null,
    record_id blob not null check (length(record_id) = 16),
    kind integer not null,
    change_hash blob not null check (length(change_hash) = 32),
    bytes blob, -- the change, framed as Automerge reads it; null when withheld from us or purged
    -- admitted: part of its record, travels with its batch. duplicate: the same change is part of its record by another
    -- batch. waiting: a change it depends on is missing. unjudged: its batch is not chained yet. absent: no bytes.
    -- quarantined: kept, for the reason beside it. released: part of its record by a batch in the server's own log.
    -- left: a person decided to leave it out. purged: its time was over, the bytes are gone.
    verdict text not null check (verdict in ('admitted', 'duplicate', 'waiting', 'unjudged', 'absent', 'quarantined',
        'released', 'left', 'purged')),
    reason text, -- the code of the reason; stays when a person released or left the change
    decided_by integer references account (id), -- null: the server itself
    decided_at_ms integer,
    note text,
    primary key (batch_id, ordinal)
) strict;
create index change_of_record on change (record_id, change_hash);
create index change_open on change (verdict, batch_id, ordinal) where verdict in ('waiting', 'unjudged', 'absent', 'quarantined');
create index change_withheld on change (batch_id) where verdict <> 'admitted';

-- Which history of this database devices last agreed on anything with: anew after a restore.
create table history (
    only_row integer primary key check (only_row = 1),
    epoch blob not null check (length(epoch) = 8)
) strict;
create index change_decided on change (verdict, batch_id, ordinal) where verdict in ('left', 'released');

-- What follows are caches: `banlang rebuild` makes them again.

-- How far each log is known without a gap, and how far it is part of a finished backup.
create table log_head (
    generation integer not null,
    code integer not null,
    device_id blob not null,
    seq integer not null check (seq > 0),
    hash blob not null check (length(hash) = 32),
    backed_up_seq integer not null default 0,
    backed_up_hash blob,
    primary key (generation, code, device_id)
) strict, without rowid;
create index log_head_device on log_head (device_id);

-- The records that have an admitted change.
create table record (
    record_id blob primary key check (length(record_id) = 16),
    kind integer not null,
    generation integer not null,
    code integer not null,
    heads blob not null, -- 32 bytes a head, ascending
    changes integer not null -- how many admitted changes it has
) strict, without rowid;
create index record_area on record (generation, code);

-- Inventories proposed to a device. Forgetting one costs bytes, never data.
create table agreement (
    device_id blob not null references device (id),
    digest blob not null check (length(digest) = 16),
    proposal blob not null,
    at_ms integer not null,
    primary key (device_id, digest)
) strict, without rowid;

-- What each device sent in a day, for its quota. day counts from 1970-01-01.
create table device_usage (
    device_id blob not null references device (id),
    day integer not null,
    changes integer not null,
    bytes integer not null,
    primary key (device_id, day)
) strict, without rowid;

-- Prepared snapshots: files in the data directory.
create table snapshot (
    generation integer not null,
    code integer not null,
    digest blob not null check (length(digest) = 16), -- of the inventory it holds
    inventory blob not null,
    file text not null,
    encoding text not null,
    bytes integer not null,
    changes integer not null,
    made_at_ms integer not null,
    primary key (generation, code)
) strict;
