insert into material_recorder_month
select cast(extract(year from date '1970-01-01' + cast(held_day as integer)) as bigint) * 12
        + cast(extract(month from date '1970-01-01' + cast(held_day as integer)) as bigint) - 1
        + coalesce((select cast(closing_day > 0
            and extract(day from date '1970-01-01' + cast(held_day as integer)) > closing_day as integer)
            from coverage_calendar), 0),
    recorder, kind, sum(quantity)
from session join session_material using (record_id) where held_day is not null and not voided and counted_as is null
group by 1, 2, 3
