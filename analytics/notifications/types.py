from django.db import models


class NotificationType(models.TextChoices):
    """The events that members are notified of."""

    HACK_UNLOCKED = "hack_unlocked", "Hack unlocked"
    LEVEL_REACHED = "level_reached", "Level reached"
    ACHIEVEMENT_EARNED = "achievement_earned", "Achievement earned"
    CHALLENGE_ENDED = "challenge_ended", "Challenge ended"
    CHALLENGE_CANCELLED = "challenge_cancelled", "Challenge cancelled"
    VERIFICATION_OPEN = "verification_open", "Ready to prove mastery"
    VERIFICATION_DECIDED = "verification_decided", "Submission decided"
    VERIFICATION_REVOKED = "verification_revoked", "Verification revoked"
    VERIFICATION_WAITING = "verification_waiting", "Submission still waiting"
    REVIEW_WANTED = "review_wanted", "Review needed"
    DECISION_WANTED = "decision_wanted", "Staff decision needed"


def notification_types() -> list[tuple[str, str]]:
    """Return the choices. The migration refers to this function, so a new type needs no migration."""
    return NotificationType.choices
