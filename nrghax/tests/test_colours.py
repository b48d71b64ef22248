"""The contrast of text and controls in both colour schemes, for any colour that staff choose for a category.

The tokens are read from the style sheet. The colours follow the definition of OKLCH, the contrast that of WCAG 2.2.
"""

import math
import re

import pytest
from django.conf import settings

LIGHT, DARK = 0, 1
TOKEN = re.compile(
    r"(--[\w-]+):\s*light-dark\(\s*(oklch\((?:[^()]|\([^()]*\))*\)),\s*(oklch\((?:[^()]|\([^()]*\))*\))\s*\)"
)
FIXED = re.compile(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)")
DERIVED = re.compile(r"oklch\(from var\(--accent\) ([\d.]+) min\(c, ([\d.]+)\) h\)")

TEXT, CONTROL = 4.5, 3
PAIRS = [
    ("--ink", "--ground", TEXT),
    ("--ink", "--surface", TEXT),
    ("--ink", "--accent-tint", TEXT),
    ("--ink-soft", "--ground", TEXT),
    ("--ink-soft", "--sunken", TEXT),
    ("--ink-soft", "--accent-tint", TEXT),
    ("--accent-ink", "--ground", TEXT),
    ("--accent-ink", "--surface", TEXT),
    ("--accent-ink", "--accent-tint", TEXT),
    ("--accent-ink", "--accent-soft", TEXT),
    ("--on-solid", "--accent-solid", TEXT),
    ("--on-solid", "--accent-solid-hover", TEXT),
    ("--danger", "--surface", TEXT),
    ("--danger", "--danger-tint", TEXT),
    ("--good", "--good-tint", TEXT),
    ("--warn", "--warn-tint", TEXT),
    ("--line-strong", "--surface", CONTROL),
    ("--line-strong", "--ground", CONTROL),
    ("--accent-solid", "--accent-soft", CONTROL),
    ("--accent-mid", "--ground", CONTROL),
]


def _luminance(lightness: float, chroma: float, hue: float) -> float:
    """Return the relative luminance of an OKLCH colour, clipped to the sRGB gamut."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return sum(weight * min(max(channel, 0), 1) for weight, channel in ((0.2126, red), (0.7152, green), (0.0722, blue)))


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _colour(value: str, *, hue: float, chroma: float) -> tuple[float, float, float]:
    """Return a token's lightness, chroma and hue for a category colour of this hue and chroma."""
    if fixed := FIXED.fullmatch(value):
        return tuple(map(float, fixed.groups()))
    derived = DERIVED.fullmatch(value)
    assert derived, value
    return float(derived[1]), min(chroma, float(derived[2])), hue


@pytest.fixture(scope="module")
def tokens():
    sheet = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
    found = {name: (light, dark) for name, light, dark in TOKEN.findall(sheet)}
    assert {name for pair in PAIRS for name in pair[:2]} <= set(found)
    return found


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "minimum"), PAIRS, ids=str)
def test_every_pair_has_enough_contrast_for_any_category_colour(tokens, front, back, minimum, scheme):
    for hue in range(0, 360, 5):
        for chroma in (0, 0.03, 0.06, 0.4):
            one, other = (_luminance(*_colour(tokens[name][scheme], hue=hue, chroma=chroma)) for name in (front, back))
            assert _contrast(one, other) >= minimum, f"hue {hue}, chroma {chroma}"


def test_luminance_and_contrast_match_known_colours():
    assert _luminance(1, 0, 0) == pytest.approx(1, abs=0.001)
    assert _luminance(0, 0, 0) == 0
    # sRGB red, whose luminance is 0.2126 by definition.
    assert _luminance(0.6279554, 0.2576833, 29.2338803) == pytest.approx(0.2126, abs=0.001)
    assert _contrast(1, 0) == pytest.approx(21)
