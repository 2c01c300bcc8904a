select origin, name as airport_name from {{ ref('airports') }}
