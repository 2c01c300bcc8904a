select carrier_name, count(*) as flights, cast(avg(dep_delay) as double precision) as mean_delay
from {{ ref('fct_departures') }}
group by carrier_name
