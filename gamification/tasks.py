"""Scheduled tasks: drift checks, scores, ranks and results. Each runs set-based statements from sql/."""

import logging
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from gamification import actions

logger = logging.getLogger(__name__)


@shared_task
def recompute_xp() -> int:
    """Correct awards and totals that have drifted; return how many rows differed."""
    awards = actions.settle_xp()
    if awards:
        logger.warning("XP had drifted: corrected %d awards for practice and check-ins.", awards)
    members, totals = actions.recompute_xp()
    if totals:
        logger.warning("XP had drifted: corrected %d totals of %d members.", totals, members)
    return awards + totals


@shared_task
def score_challenges() -> int:
    """Correct the scores of all open challenges that have drifted; return how many differed."""
    drift = actions.score_challenges(now=timezone.now())
    if drift:
        logger.warning("Challenges had drifted: corrected %d scores.", drift)
    return drift


@shared_task
def rank_participants() -> int:
    """Compute the ranks and places in all open challenges; return how many changed."""
    return actions.rank_participants(now=timezone.now())


@shared_task
def settle_challenges() -> int:
    """Make the results of ended challenges final after the grace period; return how many challenges."""
    return actions.settle_challenges(now=timezone.now())


@shared_task
def rank_members() -> int:
    """Count the leaderboards; return how many rows changed."""
    return actions.rank_members(now=timezone.now())


@shared_task
def award_achievements(achievement_id: str | None = None) -> int:
    """Award one achievement, or (None) all, to every member who meets the criteria; return how many were earned.

    Activity from before the achievement existed counts too.
    """
    return len(actions.award_achievements(achievement_id=UUID(achievement_id) if achievement_id else None))
