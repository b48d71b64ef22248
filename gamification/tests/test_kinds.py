"""Validation of criteria in Python and in the database, and their descriptions."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from gamification.kinds import KINDS, MAX_CRITERION_VALUE, describe_criteria, progress_towards, validate_criteria
from gamification.tests.factories import AchievementFactory

VALID = [
    *[{"type": name, "value": kind.min_value} for name, kind in KINDS.items()],
    *[{"type": name, "value": kind.max_value} for name, kind in KINDS.items()],
    *[{"type": name, "value": 2, "hack": "soft-bubble"} for name in ("practice_count", "practice_minutes")],
    {"type": "verification", "value": 1, "hack": "soft-bubble"},
    *[
        {"type": name, "value": 2, "category": "healing"}
        for name in ("practice_count", "practice_minutes", "hacks_tried", "level")
    ],
]
# Both the form and the database refuse these.
INVALID = {
    "a list": [],
    "a number": 7,
    "nothing": {},
    "no type": {"value": 7},
    "an unknown type": {"type": "luck", "value": 7},
    "a type that is not text": {"type": ["streak"], "value": 7},
    "no value": {"type": "streak"},
    "zero": {"type": "streak", "value": 0},
    "negative": {"type": "streak", "value": -1},
    "not whole": {"type": "streak", "value": 1.5},
    "too much": {"type": "streak", "value": MAX_CRITERION_VALUE + 1},
    "a text": {"type": "streak", "value": "7"},
    "a boolean": {"type": "streak", "value": True},
    "an unknown key": {"type": "streak", "value": 7, "since": 2020},
    "an empty key": {"type": "streak", "value": 7, "": 1},
    "a hack where none is counted": {"type": "streak", "value": 7, "hack": "soft-bubble"},
    "a category where none is counted": {"type": "verification", "value": 1, "category": "healing"},
    "a hack for hacks tried": {"type": "hacks_tried", "value": 2, "hack": "soft-bubble"},
    "both": {"type": "practice_count", "value": 7, "hack": "soft-bubble", "category": "healing"},
    "a hack that is not text": {"type": "practice_count", "value": 7, "hack": 7},
    "an empty hack": {"type": "practice_count", "value": 7, "hack": ""},
}
# Only the form refuses these: they could be counted, but make no sense.
POINTLESS = {
    "level 1": {"type": "level", "value": 1},
    "a second graduation": {"type": "graduation", "value": 2},
    "one hack verified twice": {"type": "verification", "value": 2, "hack": "soft-bubble"},
}


def store(criteria):
    with transaction.atomic():
        AchievementFactory(criteria_json=criteria)


@pytest.mark.django_db
@pytest.mark.parametrize("criteria", VALID, ids=str)
def test_form_and_database_accept_valid_criteria(criteria):
    validate_criteria(criteria)
    store(criteria)


@pytest.mark.django_db
@pytest.mark.parametrize("criteria", INVALID.values(), ids=INVALID)
def test_form_and_database_refuse_invalid_criteria(criteria):
    with pytest.raises(ValidationError):
        validate_criteria(criteria)
    with pytest.raises(IntegrityError, match="achievements_criteria"):
        store(criteria)


@pytest.mark.parametrize("criteria", POINTLESS.values(), ids=POINTLESS)
def test_form_refuses_pointless_criteria(criteria):
    with pytest.raises(ValidationError):
        validate_criteria(criteria)


@pytest.mark.parametrize(
    ("criteria", "names", "words"),
    [
        ({"type": "streak", "value": 30}, {}, "Check in on 30 days in a row"),
        ({"type": "practice_count", "value": 1}, {}, "Practise once"),
        ({"type": "practice_count", "value": 1000}, {}, "Practise 1,000 times"),
        (
            {"type": "practice_count", "value": 10, "hack": "soft-bubble"},
            {"hack": "Soft Bubble"},
            "Practise Soft Bubble 10 times",
        ),
        (
            {"type": "practice_minutes", "value": 60, "category": "healing"},
            {"category": "Healing"},
            "Practise for 60 minutes in Healing",
        ),
        ({"type": "verification", "value": 1}, {}, "Get a hack verified by your peers"),
        (
            {"type": "verification", "value": 1, "hack": "soft-bubble"},
            {"hack": "Soft Bubble"},
            "Get Soft Bubble verified by your peers",
        ),
        ({"type": "level", "value": 5, "category": "healing"}, {"category": "Healing"}, "Reach level 5 in Healing"),
        ({"type": "graduation", "value": 1}, {}, "Graduate"),
    ],
)
def test_description_of_criteria(criteria, names, words):
    assert describe_criteria(criteria, **names) == words


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_description(name):
    for value in (KINDS[name].min_value, min(12, KINDS[name].max_value)):
        words = describe_criteria({"type": name, "value": value}, category="", hack="")
        assert "{" not in words
        assert "  " not in words


def test_progress_is_capped_at_target():
    criteria = {"type": "days_active", "value": 30}
    assert progress_towards(criteria, 12) == (12, 30, "days")
    assert progress_towards(criteria, 31) == (30, 30, "days")
    assert progress_towards({"type": "streak", "value": 1}, 0) == (0, 1, "day")
    assert progress_towards(criteria, 12).share == 0.4
    assert progress_towards({"type": "level", "value": 5}, 0) == (1, 5, "levels"), "every member starts at level 1"
