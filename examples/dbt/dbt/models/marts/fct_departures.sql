select d.*, a.carrier_name
from {{ ref('stg_departures') }} d
left join {{ ref('stg_airlines') }} a on a.carrier = d.carrier
