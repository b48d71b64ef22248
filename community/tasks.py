"""What time asks for: no wait without an end, no lease without one, and how reviewers review."""

import logging

from celery import shared_task
from django.utils import timezone

from community import actions

logger = logging.getLogger(__name__)


@shared_task
def sweep_verifications() -> int:
    """Forget the leases of yesterday, remind, and hand over to the staff; returns how many authors are told."""
    now = timezone.now()
    actions.forget_leases(now=now)
    # Before those who are handed over: nobody is told both at once.
    handed_over = actions.escalate_verifications(now=now)
    return handed_over + actions.remind_authors(now=now)


@shared_task
def ask_reviewers() -> int:
    """Ask for reviews of what waits for long; returns how many members are asked."""
    return actions.ask_reviewers(now=timezone.now())


@shared_task
def reward_anonymous() -> int:
    """Reward, all together, the anonymous authors who were verified before today; returns how many."""
    return actions.reward_anonymous(now=timezone.now())


@shared_task
def check_reviews() -> int:
    """Hold the counts against the reviews, and write how reviewers review; returns how many counts had drifted."""
    drift = actions.recount_reviews()
    if drift:
        logger.warning("Counts of reviews had drifted: repaired %d verifications.", drift)
    actions.compute_reviewer_signals()
    return drift
