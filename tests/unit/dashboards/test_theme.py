from itertools import combinations

import pytest

from dashboards.figures import history
from dashboards.theme import DARK, LIGHT, LOOKS, SURFACES, TONES, Palette, look, resolve, stylesheet, token
from observer.model import EvaluationStatus, IncidentStatus, Severity
from observer.reads.model import State
from orchestration.model import GateOutcome, RunStatus, StepStatus, VersionStatus
from tests.unit.dashboards import story

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
Triple = tuple[float, float, float]

# Machado, Oliveira, Fernandes 2009: what a dichromat sees, in linear RGB.
SIGHTS: dict[str, tuple[Triple, Triple, Triple]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> Triple:
    def channel(start: int) -> float:
        share = int(colour[start : start + 2], 16) / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    return channel(1), channel(3), channel(5)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def lab(colour: str, sight: str) -> Triple:
    dots = (sum(a * b for a, b in zip(row, linear(colour), strict=True)) for row in SIGHTS[sight])
    seen = [min(1.0, max(0.0, dot)) for dot in dots]

    def part(row: Triple, white: float) -> float:
        share = sum(a * b for a, b in zip(row, seen, strict=True)) / white
        return float(share ** (1 / 3)) if share > 0.008856 else 7.787 * share + 16 / 116

    x = part((0.4124, 0.3576, 0.1805), 0.95047)
    y = part((0.2126, 0.7152, 0.0722), 1.0)
    z = part((0.0193, 0.1192, 0.9505), 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, sight: str) -> float:
    """CIE 1976 colour difference."""
    pairs = zip(lab(one, sight), lab(other, sight), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


@PALETTES
def test_marks_stand_out_from_every_surface(palette: Palette) -> None:
    for surface in SURFACES:
        for tone in (*TONES, "measure", "expected", "focus"):
            assert contrast(palette[tone], palette[surface]) >= 3.0, (tone, surface)


@pytest.mark.parametrize(("palette", "least"), [(LIGHT, 3.2), (DARK, 4.1)], ids=["light", "dark"])
def test_state_colours_on_the_sheet_are_as_strong_as_designed(palette: Palette, least: float) -> None:
    assert min(contrast(palette[t], palette["surface"]) for t in TONES if t != "neutral") >= least


@PALETTES
def test_text_is_readable_on_every_ground_that_it_stands_on(palette: Palette) -> None:
    texts = ["ink", "muted", "link", *(f"{tone}-text" for tone in TONES)]
    for text in texts:
        for ground in (*SURFACES, "sunken"):
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for tone in TONES:
        assert contrast(palette[f"{tone}-text"], palette[f"{tone}-wash"]) >= 4.5, tone
        assert contrast(palette["ink"], palette[f"{tone}-wash"]) >= 4.5, tone


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("palette", "least"), [(LIGHT, 32.9), (DARK, 42.0)], ids=["light", "dark"])
def test_the_state_colours_are_told_apart(palette: Palette, least: float, sight: str) -> None:
    colours = [palette[tone] for tone in TONES if tone != "neutral"]
    assert min(distance(a, b, sight) for a, b in combinations(colours, 2)) >= least


@PALETTES
def test_each_step_of_the_heat_scale_differs_from_the_next_in_every_sight(palette: Palette) -> None:
    for number in range(6):
        here, after = palette[f"heat-{number}"], palette[f"heat-{number + 1}"]
        assert min(distance(here, after, sight) for sight in SIGHTS) >= 5, number


def test_both_themes_have_the_same_tokens() -> None:
    assert set(LIGHT) == set(DARK)
    for name in LIGHT:
        assert f"--{name}:" in stylesheet()


def test_every_state_has_its_own_shape_and_word() -> None:
    assert set(LOOKS) == set(State)
    assert len({seen.glyph for seen in LOOKS.values()}) == len(LOOKS)
    assert len({seen.symbol for seen in LOOKS.values()}) == len(LOOKS)
    assert len({seen.word for seen in LOOKS.values()}) == len(LOOKS)


@pytest.mark.parametrize(
    "closed",
    [State, EvaluationStatus, StepStatus, RunStatus, VersionStatus, GateOutcome, IncidentStatus, Severity],
)
def test_every_status_of_the_models_has_a_look(closed: type[State]) -> None:
    for word in closed:
        seen = look(word.value)
        assert seen.tone in TONES
        assert word.value == "unknown" or seen.symbol != "unknown", word


def test_a_status_that_nobody_knows_looks_unknown_and_keeps_its_word() -> None:
    assert look("quarantined_twice").symbol == "unknown"
    assert look("quarantined_twice").word == "quarantined twice"


@PALETTES
def test_a_resolved_figure_holds_no_token(palette: Palette) -> None:
    figure = history(story.monitors()[0], timezone=story.ZONE)
    resolved = resolve(figure, palette)
    assert "var(--" in repr(figure)
    assert "var(--" not in repr(resolved)
    assert palette["failing"] in repr(resolved)
    assert token("failing") == "var(--failing)"
