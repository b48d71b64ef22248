"""The levels' XP thresholds and the XP rules."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from gamification.models import XpEntry
from gamification.rules import XP_RULES, level_of, xp_for_level

XP = st.integers(min_value=0, max_value=2**31 - 1)


def level_step_by_step(xp: int) -> int:
    """Return the level, counted step by step. Level 2 takes 100 XP, each further level 100 more than the one before."""
    level, step = 1, 100
    while xp >= step:
        xp -= step
        level, step = level + 1, step + 100
    return level


@given(XP)
def test_level_matches_step_by_step_count(xp):
    assert level_of(xp) == level_step_by_step(xp)


@given(st.integers(min_value=2, max_value=6500))
def test_level_starts_at_its_threshold(level):
    assert (level_of(xp_for_level(level) - 1), level_of(xp_for_level(level))) == (level - 1, level)


@pytest.mark.django_db
@given(st.lists(XP | st.integers(min_value=1, max_value=6500).map(xp_for_level), min_size=1))
def test_database_function_returns_same_levels(amounts):
    amounts += [max(0, xp - 1) for xp in amounts]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(app.level_of(xp) ORDER BY n) FROM unnest(%s::bigint[]) WITH ORDINALITY AS t (xp, n)",
            [amounts],
        )
        assert cursor.fetchone()[0] == [level_of(xp) for xp in amounts]


def test_every_source_has_xp_rule():
    assert set(XP_RULES) == set(XpEntry.Source.values)
