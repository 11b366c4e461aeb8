-- What every transaction of ingest and of quarantine did, in a hash chain: part of the truth, never rewritten. An entry
-- is written in the transaction it tells of. Layouts: docs/sync-protocol.md.

create table journal (
    entry integer primary key check (entry > 0), -- 1, 2, 3 … without a gap
    body blob not null, -- layout 1 of an entry
    hash blob not null check (length(hash) = 32) -- over this entry and the hash before it
) strict;

-- How many batches the database held when its journal began: of those only the logs tell.
create table journal_begin (
    id integer primary key check (id = 1),
    batches_before integer not null
) strict;
insert into journal_begin (id, batches_before) select 1, coalesce(max(id), 0) from batch;
