-- One roll-up in the place of six: what was held in each village in each month of the calendar, packed. Made anew by
-- whoever migrates a database that has sessions, and by `banlang rebuild`.
drop table coverage_day;
drop table coverage_month;
drop table material_day;
drop table material_month;
drop table facet_month;
drop table material_recorder_month;

create table session_facts (
    month integer not null, -- of the calendar: year * 12 + month, January being 0
    generation integer not null, -- the unit as recorded
    code integer not null,
    village_id text not null, -- '' for places outside the register
    facts blob not null,
    primary key (month, generation, code, village_id)
) strict;
