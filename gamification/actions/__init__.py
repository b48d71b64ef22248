"""Writes on progress that span rows."""

from gamification.actions.achievements import (
    Candidates,
    EarnedAchievement,
    Progress,
    achievements_progress,
    award_achievements,
    preview_achievement,
)
from gamification.actions.challenges import (
    ChallengeRefused,
    cancel_challenge,
    join_challenge,
    leave_challenge,
    rank_participants,
    reward_participant,
    score_challenges,
    settle_challenge,
    settle_challenges,
)
from gamification.actions.leaderboards import rank_members
from gamification.actions.xp import (
    ReachedLevel,
    award_xp,
    celebrate_levels,
    hold_xp,
    recompute_xp,
    revoke_xp,
    settle_xp,
)

__all__ = [
    "Candidates",
    "ChallengeRefused",
    "EarnedAchievement",
    "Progress",
    "ReachedLevel",
    "achievements_progress",
    "award_achievements",
    "award_xp",
    "cancel_challenge",
    "celebrate_levels",
    "hold_xp",
    "join_challenge",
    "leave_challenge",
    "preview_achievement",
    "rank_members",
    "rank_participants",
    "recompute_xp",
    "revoke_xp",
    "reward_participant",
    "score_challenges",
    "settle_challenge",
    "settle_challenges",
    "settle_xp",
]
