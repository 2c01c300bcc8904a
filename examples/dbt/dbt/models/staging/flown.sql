{{ config(materialized='ephemeral') }}
select * from {{ ref('stg_departures') }} where dep_time is not null
