"""The strength score in Python, to hold the SQL against (sql/streak.sql)."""

HALF_LIFE_DAYS = 13
STRENGTH_MEMORY = 0.5 ** (1 / HALF_LIFE_DAYS)


def strength_after_checkin(strength: float, unprotected_days: int) -> float:
    """The strength, 0 to 1, once a check-in is made; `unprotected_days` have passed since the one before.

    Exponential smoothing as in Loop Habit Tracker's score of a daily habit: half is forgotten in 13 days.
    """
    return strength_on(strength, unprotected_days) * STRENGTH_MEMORY + (1 - STRENGTH_MEMORY)


def strength_on(strength: float, unprotected_days: int) -> float:
    """What is left of a strength after whole days that neither a check-in nor a rest day covered."""
    return strength * STRENGTH_MEMORY**unprotected_days
