{{ config(materialized='incremental', unique_key=['departed_on', 'origin']) }}
select departed_on, origin, mean_delay from {{ ref('daily_delays') }}
{% if is_incremental() %}
where departed_on >= (select max(departed_on) from {{ this }})
{% endif %}
