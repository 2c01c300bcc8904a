select
    {{ day('year', 'month', 'day') }} as departed_on,
    carrier,
    flight,
    origin,
    dest,
    sched_dep_time,
    dep_time,
    dep_delay
from {{ source('python', 'departures') }}
