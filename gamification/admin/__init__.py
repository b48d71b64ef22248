"""What staff see of progress."""

from gamification.admin.achievements import AchievementAdmin

__all__ = ["AchievementAdmin"]
