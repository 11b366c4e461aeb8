insert into material_recorder_month
select cast(strftime('%Y', held_day * 86400, 'unixepoch') as integer) * 12
        + cast(strftime('%m', held_day * 86400, 'unixepoch') as integer) - 1
        + coalesce((select closing_day > 0 and cast(strftime('%d', held_day * 86400, 'unixepoch') as integer) > closing_day
            from coverage_calendar), 0),
    recorder, kind, sum(quantity)
from session join session_material using (record_id) where held_day is not null and voided = 0 and counted_as is null
group by 1, 2, 3
