"""Writes on progress that span rows."""

from gamification.actions.xp import (
    ReachedLevel,
    award_xp,
    celebrate_levels,
    recompute_xp,
    settle_xp,
    take_back_xp,
)

__all__ = [
    "ReachedLevel",
    "award_xp",
    "celebrate_levels",
    "recompute_xp",
    "settle_xp",
    "take_back_xp",
]
