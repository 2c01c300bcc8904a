select departed_on, count(*) from {{ ref('daily_delays') }} group by departed_on having count(*) <> 3
