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
from told group by facet, value, month, generation, code, village_id
