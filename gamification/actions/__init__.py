"""Actions: writes that span rows of XP, achievements, challenges and leaderboards."""

from gamification.actions.achievements import (
    AchievementProgress,
    Candidates,
    EarnedAchievement,
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
    lock_xp,
    recompute_xp,
    revoke_xp,
    settle_xp,
)

__all__ = [
    "AchievementProgress",
    "Candidates",
    "ChallengeRefused",
    "EarnedAchievement",
    "ReachedLevel",
    "achievements_progress",
    "award_achievements",
    "award_xp",
    "cancel_challenge",
    "celebrate_levels",
    "join_challenge",
    "leave_challenge",
    "lock_xp",
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
