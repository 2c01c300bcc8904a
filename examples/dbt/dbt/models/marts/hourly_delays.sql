select cast(floor(sched_dep_time / 100.0) as integer) as hour, cast(avg(dep_delay) as double precision) as mean_delay
from {{ ref('flown') }}
group by 1
