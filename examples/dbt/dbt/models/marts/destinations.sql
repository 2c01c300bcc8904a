select dest, count(*) as flights from {{ ref('flown') }} group by dest
