-- Accounts, devices, certificates, sign-ins, server keys, audit.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Areas are (generation, code) without a foreign key: accounts
-- exist before the reference data is imported, and an area may be granted that a later import brings.

create table account (
    id integer primary key autoincrement, -- = RecorderId; never re-used
    username text not null unique, -- as folded by the program: lower case, trimmed
    display_name text not null,
    role text not null check (role in ('guard', 'officer', 'coordinator', 'administrator')),
    password_hash text not null, -- PHC string, argon2id
    active integer not null check (active in (0, 1)),
    deactivated_at_ms integer, -- since when it is not active
    created_at_ms integer not null
) strict;

-- Empty for coordinators and administrators, who have every area.
create table account_area (
    account_id integer not null references account (id),
    generation integer not null,
    code integer not null,
    primary key (account_id, generation, code)
) strict;

create table device (
    id blob primary key check (length(id) = 8),
    public_key blob not null unique check (length(public_key) = 32),
    account_id integer references account (id), -- null: this server's own log
    label text not null,
    enrolled_at_ms integer not null,
    revoked_at_ms integer,
    revoked_reason text,
    last_contact_ms integer,
    synced_at_ms integer, -- when it last called with nothing left that the server did not have; a contact alone is no sync
    clock_skew_ms integer, -- device clock minus server clock at the last contact that told it
    app_version text,
    certificate_no integer not null default 0 -- the number of the newest certificate
) strict;
create index device_account on device (account_id);

create table enrolment_code (
    code_hash blob primary key check (length(code_hash) = 32),
    account_id integer not null references account (id),
    issued_by integer references account (id), -- null: issued at the command line
    issued_at_ms integer not null,
    expires_at_ms integer not null,
    used_at_ms integer,
    device_id blob references device (id),
    check ((used_at_ms is null) = (device_id is null))
) strict;
create index enrolment_code_account on enrolment_code (account_id);

-- Rows stay: a batch names the certificate it was sealed under for as long as it exists.
create table certificate (
    device_id blob not null references device (id),
    no integer not null check (no > 0),
    role text not null,
    recorder integer not null,
    issued_at_ms integer not null,
    expires_at_ms integer not null,
    jwt text not null,
    primary key (device_id, no)
) strict;

create table certificate_area (
    device_id blob not null,
    no integer not null,
    generation integer not null,
    code integer not null,
    ended_at_ms integer, -- since when the account does not have the area any more; null again when it got it back
    primary key (device_id, no, generation, code),
    foreign key (device_id, no) references certificate (device_id, no)
) strict;

create table sign_in (
    id integer primary key autoincrement,
    device_id blob not null references device (id),
    account_id integer not null references account (id),
    created_at_ms integer not null,
    expires_at_ms integer not null,
    ended_at_ms integer
) strict;
create index sign_in_device on sign_in (device_id);

create table server_key (
    kid text primary key,
    purpose text not null check (purpose in ('certificate', 'token', 'receipt', 'log', 'carry')),
    secret blob not null, -- 32 byte Ed25519 seed; for 'carry' the text of an age identity
    public_key blob not null, -- 32 byte Ed25519 key; for 'carry' the text of an age recipient
    created_at_ms integer not null,
    retired_at_ms integer -- from then on nothing signed by this key is believed
) strict;

-- Fixed windows of attempts, shared by all server processes. bucket is a hash: no address is stored.
create table attempt (
    bucket blob primary key,
    started_at_ms integer not null,
    count integer not null
) strict;
create index attempt_started on attempt (started_at_ms);

create table audit (
    id integer primary key autoincrement,
    at_ms integer not null,
    account_id integer, -- null: the command line
    device_id blob,
    action text not null,
    subject text not null,
    detail text not null -- JSON; never a secret
) strict;
create index audit_at on audit (at_ms);
create index audit_subject on audit (subject);
