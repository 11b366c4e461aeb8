insert into facet_month
with counted as (
    select generation, code, village_id, format, recorder, cast(tags as jsonb) as tags,
        cast(review_state = 'confirmed' as integer) as confirmed, coalesce(attendances, 0) as attendances,
        cast(coalesce(format = 'online', false) as integer) as online,
        cast(extract(year from date '1970-01-01' + cast(held_day as integer)) as bigint) * 12
            + cast(extract(month from date '1970-01-01' + cast(held_day as integer)) as bigint) - 1
            + coalesce((select cast(closing_day > 0
                and extract(day from date '1970-01-01' + cast(held_day as integer)) > closing_day as integer)
                from coverage_calendar), 0) as month
    from session where held_day is not null and not voided and counted_as is null
), told as (
    select c.*, 'format' as facet, format as value from counted c where format is not null
    union all select c.*, 'recorder', cast(recorder as text) from counted c
    union all select c.*, 'topic', t.value from counted c, jsonb_array_elements_text(c.tags -> 'topics') t (value)
    union all select c.*, 'language', t.value from counted c, jsonb_array_elements_text(c.tags -> 'languages') t (value)
    union all select c.*, 'difficulty', t.value from counted c, jsonb_array_elements_text(c.tags -> 'difficulties') t (value)
)
select month, generation, code, village_id, facet, value, sum(1 - online), sum(confirmed * (1 - online)),
    sum(attendances * (1 - online)), sum(online)
from told group by facet, value, month, generation, code, village_id
