"""XP, achievements, challenges, leaderboards and Discord roles."""

from gamification.discord.models import DiscordRoleGrant
from gamification.models.achievements import Achievement, UserAchievement
from gamification.models.challenges import Challenge, ChallengeParticipant
from gamification.models.leaderboards import Leaderboard, LeaderboardEntry, LeaderboardStep
from gamification.models.xp import UserXp, XpEntry

__all__ = [
    "Achievement",
    "Challenge",
    "ChallengeParticipant",
    "DiscordRoleGrant",
    "Leaderboard",
    "LeaderboardEntry",
    "LeaderboardStep",
    "UserAchievement",
    "UserXp",
    "XpEntry",
]
