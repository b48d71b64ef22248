"""What staff see of progress."""

from gamification.admin.achievements import AchievementAdmin
from gamification.admin.xp import UserXpAdmin, XpEntryAdmin

__all__ = [
    "AchievementAdmin",
    "UserXpAdmin",
    "XpEntryAdmin",
]
