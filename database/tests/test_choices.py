"""CHECK constraints list exactly the choices of their fields."""

import pytest
from django.apps import apps
from django.db import models
from django.db.models import Q


def listed_values(condition: Q | tuple, field: str) -> set | None:
    """Return the field's values that a condition lists; None if the condition also allows other values."""
    if isinstance(condition, tuple):
        lookup, value = condition
        return {f"{field}__in": lambda: set(value), field: lambda: {value}}.get(lookup, lambda: None)()
    parts = [listed_values(part, field) for part in condition.children]
    if condition.negated or (condition.connector == Q.OR and None in parts):
        return None
    named = [part for part in parts if part is not None]
    if not named:
        return None
    return set.union(*named) if condition.connector == Q.OR else set.intersection(*named)


def listings() -> dict[str, tuple[set, set]]:
    """Return the listed values and the field's choices, by name of the constraint."""
    found = {}
    for model in apps.get_models():
        checks = [each for each in model._meta.constraints if isinstance(each, models.CheckConstraint)]
        for field in model._meta.local_fields:
            choices = {value for value, _ in field.flatchoices}
            if field.blank and field.empty_strings_allowed:
                choices.add("")
            for check in checks if field.choices else []:
                values = listed_values(check.condition, field.name)
                if values is not None:
                    found[check.name] = (values, choices)
    return found


LISTINGS = listings()


@pytest.mark.parametrize("constraint", LISTINGS)
def test_check_lists_choices_of_its_field(constraint):
    values, choices = LISTINGS[constraint]
    assert values == choices


def test_known_checks_are_compared():
    assert len(LISTINGS) >= 11
    assert {"practice_session_type_known", "leaderboards_period_known_and_begun"} <= LISTINGS.keys()


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        (Q(status__in=["a", "b"]), {"a", "b"}),
        (Q(status="a", is_open=True) | Q(status__in=["b"], is_open=False), {"a", "b"}),
        (Q(status="a") | Q(is_open=True), None),
        (~Q(status__in=["a"]), None),
        (Q(status__gt="a"), None),
    ],
)
def test_listed_values_reads_condition(condition, values):
    assert listed_values(condition, "status") == values
