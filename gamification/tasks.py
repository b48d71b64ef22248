"""What time and drift ask for; each task is one set-based statement in sql/."""

import logging
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from gamification import actions

logger = logging.getLogger(__name__)


@shared_task
def recompute_xp() -> int:
    """Hold the ledger against practice and check-ins, and the totals against the ledger; returns how much differed."""
    awards = actions.settle_xp()
    if awards:
        logger.warning("XP had drifted: %d awards did not agree with what was practised, and do now.", awards)
    members, totals = actions.recompute_xp()
    if totals:
        logger.warning("XP had drifted: repaired %d totals of %d members.", totals, members)
    return awards + totals


@shared_task
def score_challenges() -> int:
    """Hold the scores of all challenges that are on against what was practised; returns how many had drifted."""
    drift = actions.score_challenges(now=timezone.now())
    if drift:
        logger.warning("Challenges had drifted: repaired %d scores.", drift)
    return drift


@shared_task
def rank_participants() -> int:
    """Work out the places in the challenges that are on; returns how many changed."""
    return actions.rank_participants(now=timezone.now())


@shared_task
def settle_challenges() -> int:
    """Make the results of challenges final that have been over for a while; returns how many challenges."""
    return actions.settle_challenges(now=timezone.now())


@shared_task
def rank_members() -> int:
    """Count the leaderboards; returns how many places changed."""
    return actions.rank_members(now=timezone.now())


@shared_task
def award_achievements(achievement_id: str | None = None) -> int:
    """Reach back: what members did before there was an achievement counts too; returns how many were earned."""
    return len(actions.award_achievements(achievement_id=UUID(achievement_id) if achievement_id else None))
