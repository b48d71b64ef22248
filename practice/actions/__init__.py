"""Writes on practice that span rows."""

from practice.actions.streaks import recompute_streak

__all__ = ["recompute_streak"]
