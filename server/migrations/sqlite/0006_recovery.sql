-- Forgotten PINs: a device asks, headquarters approves by the check code its owner reads out, the device fetches the
-- answer. The envelope is the device's data key sealed to this server's carry key; it is here only once it is needed.

create table recovery (
    id blob primary key check (length(id) = 16), -- known to the device alone
    device_id blob not null references device (id),
    envelope blob not null,
    recipient text not null, -- an age recipient made for this one answer
    check_code text not null,
    asked_at_ms integer not null,
    expires_at_ms integer not null,
    approved_at_ms integer,
    sealed blob, -- the data key sealed to the recipient
    check ((approved_at_ms is null) = (sealed is null))
) strict;
create index recovery_device on recovery (device_id);
