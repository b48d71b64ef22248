"""The admin of XP, achievements, challenges and leaderboards."""

from gamification.admin.achievements import AchievementAdmin, UserAchievementAdmin
from gamification.admin.challenges import ChallengeAdmin, ChallengeParticipantAdmin
from gamification.admin.leaderboards import LeaderboardAdmin, LeaderboardEntryAdmin, LeaderboardStepAdmin
from gamification.admin.xp import UserXpAdmin, XpEntryAdmin
from gamification.discord.admin import DiscordRoleGrantAdmin

# Sidebar topics, each with its models and their icons (nrghax/admin_site.py).
TOPICS = {
    "Library": {"gamification.achievement": "award_star"},
    "Progress": {
        "gamification.xpentry": "bolt",
        "gamification.userxp": "stairs",
        "gamification.userachievement": "workspace_premium",
        "gamification.challenge": "flag",
        "gamification.challengeparticipant": "group",
        "gamification.leaderboard": "leaderboard",
        "gamification.leaderboardentry": "social_leaderboard",
        "gamification.leaderboardstep": "stairs_2",
        "gamification.discordrolegrant": "badge",
    },
}

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
