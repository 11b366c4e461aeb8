-- Reference data. Nothing here is ever deleted: records name these rows for ever.

-- One row a kind; grows by one with each change. The sum is the version of the whole catalogue.
create table reference_version (
    kind text not null primary key,
    version integer not null check (version > 0)
) strict;

-- One row an import that changed something.
create table reference_import (
    id integer primary key,
    kind text not null,
    version integer not null,
    file_name text not null,
    sha256 blob not null check (length(sha256) = 32),
    changes integer not null,
    account_id integer,
    imported_at_ms integer not null,
    unique (kind, version)
) strict;

-- A commune-level unit of one generation. A code alone is no key: codes are re-used under other names.
create table unit (
    generation integer not null check (generation between 1900 and 2999),
    code integer not null check (code between 0 and 99999),
    name text not null,
    folded_name text not null,
    kind text not null,
    district text,
    land_border text check (land_border in ('yes', 'map-only')),
    -- Thousandths of a degree, for labels and ordering only.
    label_lat_e3 integer,
    label_lon_e3 integer,
    valid_from_day integer,
    valid_to_day integer,
    primary key (generation, code)
) strict, without rowid;

create table unit_lineage (
    from_generation integer not null,
    from_code integer not null,
    to_generation integer not null,
    to_code integer not null,
    -- 1: all of the old unit went here; 0: a part.
    whole integer not null check (whole in (0, 1)),
    -- 1: the successor suggested where a person has to choose.
    main integer not null check (main in (0, 1)),
    primary key (from_generation, from_code, to_generation, to_code),
    foreign key (from_generation, from_code) references unit (generation, code),
    foreign key (to_generation, to_code) references unit (generation, code),
    check (from_generation < to_generation)
) strict, without rowid;

create table village (
    id text not null primary key,
    name text not null,
    folded_name text not null,
    kind text not null,
    sample integer not null check (sample in (0, 1)),
    source text not null,
    -- The village this one became part of.
    merged_into text references village (id),
    check (merged_into <> id)
) strict, without rowid;

-- Names a village had; search finds them too.
create table village_former_name (
    village_id text not null references village (id),
    name text not null,
    primary key (village_id, name)
) strict, without rowid;

-- The unit a village lies in, by generation; a row is there only when it is certain.
-- basis: 'listed' stands in the imported list, 'lineage' follows from the units alone (a cache), 'decided' by a person.
create table village_unit (
    village_id text not null references village (id),
    generation integer not null,
    code integer not null,
    basis text not null check (basis in ('listed', 'lineage', 'decided')),
    decided_by integer,
    decided_at_ms integer,
    primary key (village_id, generation),
    foreign key (generation, code) references unit (generation, code)
) strict, without rowid;

create index village_unit_by_unit on village_unit (generation, code);

-- What the imported list assumes of a village of a split unit; a person decides.
create table village_suggestion (
    village_id text not null references village (id),
    generation integer not null,
    code integer not null,
    primary key (village_id, generation),
    foreign key (generation, code) references unit (generation, code)
) strict, without rowid;

-- Every decision ever taken; the newest of a (village, generation) stands in village_unit.
create table village_choice (
    id integer primary key,
    village_id text not null references village (id),
    generation integer not null,
    code integer not null,
    replaces_code integer,
    account_id integer,
    decided_at_ms integer not null,
    foreign key (generation, code) references unit (generation, code)
) strict;

create index village_choice_by_village on village_choice (village_id, generation);

-- Everything else: posts, materials, topics, hotlines, panels, plans, labels. The body is the JSON of the kind's type.
create table reference_item (
    kind text not null,
    id text not null,
    position integer not null,
    body text not null,
    primary key (kind, id)
) strict, without rowid;
