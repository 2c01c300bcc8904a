select a.airport_name, count(*) as days
from {{ ref('daily_delays') }} d
join {{ ref('dim_airports') }} a on a.origin = d.origin
group by a.airport_name
