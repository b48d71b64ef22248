"""The strength score in Python, to compare with the SQL in sql/schema/streak.sql."""

HALF_LIFE_DAYS = 13
STRENGTH_MEMORY = 0.5 ** (1 / HALF_LIFE_DAYS)


def strength_after_checkin(strength: float, unprotected_days: int) -> float:
    """Return the strength, 0 to 1, after a check-in that follows `unprotected_days` missed days.

    Exponential smoothing as in Loop Habit Tracker's score of a daily habit, with a half-life of 13 days.
    """
    return strength_on(strength, unprotected_days) * STRENGTH_MEMORY + (1 - STRENGTH_MEMORY)


def strength_on(strength: float, unprotected_days: int) -> float:
    """Return the strength after days that neither a check-in nor a rest day covered."""
    return strength * STRENGTH_MEMORY**unprotected_days
