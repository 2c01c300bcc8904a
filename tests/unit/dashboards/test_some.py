"""Lists of names that may be long: the first few, and how many more there are."""

import pytest

from dashboards.pages.site import Site
from tests.unit.dashboards.fake_reads import StoryReads

_ASKED = '{% import "macros.html" as m with context %}{{ m.some(keys, rest) }}'


@pytest.mark.parametrize(
    ("many", "rest", "ends"),
    [
        (0, "/incidents/1", '<span class="quiet">nothing downstream</span>'),
        (5, "/incidents/1", '<bdi class="key">a4</bdi></a>'),
        (33, "/incidents/1", '<a class="nowrap" href="/incidents/1">and 28 more</a>'),
        (33, None, '<bdi class="key">a4</bdi> and 28 more'),
    ],
)
def test_at_most_five_are_named_and_the_others_counted(many: int, rest: str | None, ends: str) -> None:
    keys = [f"a{number}" for number in range(many)]
    shown = Site(StoryReads()).templates.from_string(_ASKED).render(keys=keys, rest=rest)
    assert shown.strip().endswith(ends)
    assert shown.count('class="key"') == min(many, 5)
    assert ('href="/assets/' in shown) == (many > 0 and rest is not None)
