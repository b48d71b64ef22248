from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from gamification.challenges import (
    CHALLENGE_KINDS,
    describe_criteria,
    ordinal,
    progress_towards,
    time_until,
    unit_of,
    validate_challenge_criteria,
    validate_reward,
)
from gamification.models import Challenge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        ({"days": 9, "hours": 23}, "9 days"),
        ({"days": 2}, "2 days"),
        ({"hours": 47, "minutes": 59}, "47 hours"),
        ({"hours": 1}, "1 hour"),
        ({"minutes": 59}, "less than an hour"),
        ({"minutes": -5}, "less than an hour"),
    ],
)
def test_time_until_is_rounded_down(ahead, words):
    assert time_until(NOON + timedelta(**ahead), NOON) == words


def test_ordinals():
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 1003)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th", "1,003rd",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", CHALLENGE_KINDS)
def test_every_kind_has_description_and_unit(kind):
    for value in (1, 7):
        criteria = {"type": kind, "value": value}
        validate_challenge_criteria(criteria)
        assert "{" not in describe_criteria(criteria)
        assert progress_towards(criteria, 9).done == value
        assert unit_of(criteria, value) == progress_towards(criteria, 9).unit


@pytest.mark.parametrize(
    "criteria", [{"type": "streak", "value": 1}, {"type": "checkins", "value": 0}, {"type": "hacks_tried"}, []]
)
def test_invalid_criteria_are_refused(criteria):
    with pytest.raises(ValidationError):
        validate_challenge_criteria(criteria)


@pytest.mark.parametrize(
    ("kind", "value"), [("", {}), ("rest_day", {}), ("xp", {"xp": 9999}), ("achievement", {"achievement": "bloom"})]
)
def test_valid_rewards_are_accepted(kind, value):
    validate_reward(kind, value)


@pytest.mark.parametrize(
    "value", [{}, {"xp": 0}, {"xp": True}, {"xp": "5"}, {"xp": 5, "more": 1}, {"achievement": ""}, 5]
)
@pytest.mark.parametrize("kind", ["xp", "achievement"])
def test_invalid_rewards_are_refused(kind, value):
    with pytest.raises(ValidationError):
        validate_reward(kind, value)


@pytest.mark.parametrize(
    ("moment", "fields", "state"),
    [
        (-1, {}, "coming"),
        (0, {}, "running"),
        (9, {}, "running"),
        (10, {}, "counting"),
        (10, {"settled_at": NOON}, "over"),
        (5, {"is_active": False}, "cancelled"),
    ],
)
def test_state_of_challenge(moment, fields, state):
    challenge = Challenge(start_date=NOON, end_date=NOON + timedelta(hours=10), **fields)
    assert challenge.state_at(NOON + timedelta(hours=moment)) == state
