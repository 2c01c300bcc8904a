{% macro day(year, month, day) -%}
    cast({{ year }} || '-' || {{ month }} || '-' || {{ day }} as date)
{%- endmacro %}
