from django.db import models


class NotificationType(models.TextChoices):
    """One type for each event that members are told of."""

    HACK_UNLOCKED = "hack_unlocked", "Hack unlocked"
    LEVEL_REACHED = "level_reached", "Level reached"
    ACHIEVEMENT_EARNED = "achievement_earned", "Achievement earned"
    CHALLENGE_ENDED = "challenge_ended", "Challenge ended"
    CHALLENGE_CANCELLED = "challenge_cancelled", "Challenge cancelled"
    VERIFICATION_OPEN = "verification_open", "Verification open"
    VERIFICATION_DECIDED = "verification_decided", "Verification decided"
    VERIFICATION_REVOKED = "verification_revoked", "Verification revoked"
    VERIFICATION_WAITING = "verification_waiting", "Verification still waiting"
    REVIEW_WANTED = "review_wanted", "Review wanted"
    DECISION_WANTED = "decision_wanted", "Decision wanted from staff"


def notification_types() -> list[tuple[str, str]]:
    """Return the choices. A migration refers to this function, so that a new type needs none."""
    return NotificationType.choices
