"""Scheduled jobs: deadlines of submissions and leases, review counts, and reviewer signals."""

import logging

from celery import shared_task
from django.utils import timezone

from community import actions

logger = logging.getLogger(__name__)


@shared_task
def sweep_verifications() -> int:
    """Delete old leases, hand overdue submissions to staff, remind authors. Return the number of notified authors."""
    now = timezone.now()
    actions.delete_old_leases(now=now)
    # Hand over first: an author whose submission goes to staff now is not reminded as well.
    handed_over = actions.escalate_verifications(now=now)
    return handed_over + actions.remind_authors(now=now)


@shared_task
def ask_reviewers() -> int:
    """Ask members to review submissions that have waited for two days; return the number of members asked."""
    return actions.ask_reviewers(now=timezone.now())


@shared_task
def reward_anonymous() -> int:
    """Give the anonymous authors who were verified before today their XP, all at once; return their number."""
    return actions.reward_anonymous(now=timezone.now())


@shared_task
def check_reviews() -> int:
    """Repair review counts that have drifted and compute the reviewer signals; return the number of counts repaired."""
    drift = actions.recount_reviews()
    if drift:
        logger.warning("Review counts had drifted: repaired %d submissions.", drift)
    actions.compute_reviewer_signals()
    return drift
