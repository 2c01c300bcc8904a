select
    departed_on,
    origin,
    count(*) as flights,
    count(*) - count(dep_time) as cancelled,
    cast(avg(dep_delay) as double precision) as mean_delay
from {{ ref('fct_departures') }}
group by departed_on, origin
