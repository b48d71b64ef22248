"""What time and drift ask for; each task is one set-based statement in sql/."""

import logging

from celery import shared_task

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
def rank_members() -> int:
    """Count the leaderboards; returns how many places changed."""
    return actions.rank_members(now=timezone.now())
