"""What staff see of progress."""

from gamification.admin.achievements import AchievementAdmin, UserAchievementAdmin
from gamification.admin.challenges import ChallengeAdmin, ChallengeParticipantAdmin
from gamification.admin.discord import DiscordRoleGrantAdmin
from gamification.admin.leaderboards import LeaderboardAdmin, LeaderboardEntryAdmin, LeaderboardStepAdmin
from gamification.admin.xp import UserXpAdmin, XpEntryAdmin

__all__ = [
    "AchievementAdmin",
    "ChallengeAdmin",
    "ChallengeParticipantAdmin",
    "DiscordRoleGrantAdmin",
    "LeaderboardAdmin",
    "LeaderboardEntryAdmin",
    "LeaderboardStepAdmin",
    "UserAchievementAdmin",
    "UserXpAdmin",
    "XpEntryAdmin",
]
