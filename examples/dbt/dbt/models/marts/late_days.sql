select d.departed_on, d.origin
from {{ ref('daily_delays') }} d
join {{ source('python', 'usual_delays') }} u on u.origin = d.origin
where d.mean_delay > u.usual + 3 * u.spread
