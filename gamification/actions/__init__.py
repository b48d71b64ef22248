"""Writes on progress that span rows."""

from gamification.actions.achievements import (
    Candidates,
    EarnedAchievement,
    Progress,
    achievements_progress,
    award_achievements,
    preview_achievement,
)
from gamification.actions.leaderboards import rank_members
from gamification.actions.xp import (
    ReachedLevel,
    award_xp,
    celebrate_levels,
    recompute_xp,
    settle_xp,
    take_back_xp,
)

__all__ = [
    "Candidates",
    "EarnedAchievement",
    "Progress",
    "ReachedLevel",
    "achievements_progress",
    "award_achievements",
    "award_xp",
    "celebrate_levels",
    "preview_achievement",
    "rank_members",
    "recompute_xp",
    "settle_xp",
    "take_back_xp",
]
