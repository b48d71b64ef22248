from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.insight import PracticeTotals, heat_level, minutes_by_week, practised_by_week, weeks_up_to
from practice.journal_rows import excerpt, marked
from practice.plots import BOTTOM, LEFT, RIGHT, TOP, bar_plot, heat_plot, line_plot, tick_step

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("highest", "step"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (80, 20), (81, 50), (2160, 1000)]
)
def test_tick_step_is_smallest_round_step_to_reach_highest_value(highest, step):
    assert tick_step(highest) == step


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_bars_are_proportional_and_inside_plot(values):
    plot = bar_plot(values, [""] * len(values), [""] * len(values))
    heights = [float(bar["height"]) for bar in plot["bars"]]
    highest = max(values)
    for value, bar, height in zip(values, plot["bars"], heights, strict=True):
        assert float(bar["y"]) + height == pytest.approx(BOTTOM, abs=0.2)
        assert float(bar["y"]) >= TOP - 0.1
        assert float(bar["x"]) >= LEFT
        assert float(bar["x"]) + float(bar["width"]) <= RIGHT + 0.1
        assert height == pytest.approx(max(heights) * value / highest if highest else 0, abs=0.2)
    ticks = [int(tick["label"]) for tick in plot["ticks"]]
    assert ticks[0] == 0
    assert ticks[-1] >= highest
    assert len(ticks) <= 5


def test_line_goes_through_points_with_values():
    days = [SUNDAY - timedelta(days=back) for back in (10, 5, 0)]
    points = [(days[0], 1.0, "a"), (days[1], None, "b"), (days[2], 10.0, "c")]
    plot = line_plot([points, []], first=days[0], last=SUNDAY, bounds=(1, 10), ticks=(1, 10), marks=[(SUNDAY, "now")])
    first, last = plot["lines"][0]["dots"]
    assert (first["y"], last["y"]) == (f"{BOTTOM:.1f}", f"{TOP:.1f}")
    assert float(first["x"]) < float(last["x"]) == float(plot["marks"][0]["x"])
    assert plot["lines"][0]["path"] == f"M{first['x']} {first['y']} L{last['x']} {last['y']}"
    assert plot["lines"][1] == {"path": "", "dots": []}


def test_line_of_one_day_has_one_dot():
    plot = line_plot([[(SUNDAY, 5, "")]], first=SUNDAY, last=SUNDAY, bounds=(1, 10), ticks=(1,), marks=[])
    assert len(plot["lines"][0]["dots"]) == 1


def test_days_are_cells_grouped_by_level():
    plot = heat_plot([[0, 4, None], [4, 0, 0]], ["Nov", ""])
    assert {path["level"]: path["path"].count("M") for path in plot["paths"]} == {0: 3, 4: 2}
    assert [mark["label"] for mark in plot["marks"]] == ["Nov"]


@pytest.mark.parametrize(("minutes", "level"), [(0, 0), (1, 1), (9, 1), (10, 2), (19, 2), (20, 3), (39, 3), (40, 4)])
def test_heat_level_of_minutes(minutes, level):
    assert heat_level(minutes) == level


@given(
    st.dictionaries(
        st.dates(date(2026, 5, 1), SUNDAY), st.builds(PracticeTotals, st.integers(0, 99), st.integers(1, 3))
    )
)
def test_weeks_sum_minutes_of_their_days(days):
    weeks = weeks_up_to(SUNDAY - timedelta(days=2), 10)
    totals = dict(practised_by_week(days, weeks))
    grid = dict(minutes_by_week(days, weeks, SUNDAY))
    assert list(totals) == weeks == list(grid)
    assert all(week.weekday() == 0 for week in weeks)
    assert weeks[-1] == date(2026, 11, 16)
    for week in weeks:
        assert (
            totals[week].minutes
            == sum(grid[week])
            == sum(practised.minutes for day, practised in days.items() if week <= day < week + timedelta(days=7))
        )


def test_future_days_are_none():
    assert minutes_by_week({}, weeks_up_to(SUNDAY, 1), SUNDAY - timedelta(days=1))[0][1] == [0] * 6 + [None]


class TestNotes:
    def test_short_note_is_not_cut(self):
        assert excerpt("Warm hands.", ["warm"]) == "Warm hands."

    def test_long_note_shows_beginning(self):
        text = "word " * 200
        assert excerpt(text, []).endswith("word …")
        assert text.startswith(excerpt(text, []).removesuffix(" …"))
        assert len(excerpt(text, [])) < 400

    def test_long_note_shows_part_around_match(self):
        assert "needle" in excerpt("hay " * 300 + "needle" + " hay" * 300, ["needle"])
        assert excerpt("needle" + " hay" * 300, ["NEEDLE"]).startswith("needle hay")

    def test_matches_are_marked_and_text_is_escaped(self):
        assert marked("<b>Warm</b> & warmer", ["warm", "&"]) == (
            "&lt;b&gt;<mark>Warm</mark>&lt;/b&gt; <mark>&amp;</mark> <mark>warm</mark>er"
        )
        assert marked("<b>", []) == "&lt;b&gt;"

    def test_longer_of_two_words_is_marked(self):
        assert marked("warmer", ["warm", "warmer"]) == "<mark>warmer</mark>"

    def test_word_is_not_used_as_pattern(self):
        assert marked("a.c abc", ["a.c"]) == "<mark>a.c</mark> abc"
