"""The numbers of peer review, and the deadlines of a wait.

community/sql/ repeats REVIEWS_TO_DECIDE, LEASE, MAX_LEASES and REVIEWS_BETWEEN_KNOWN_CASES.
"""

from datetime import UTC, datetime, timedelta

# The first verdict with this many reviews decides.
REVIEWS_TO_DECIDE = 3
LEASE = timedelta(minutes=30)
MAX_LEASES = 4
# A reviewer is given a known case after at least this many reviews of members' submissions: at most one in five.
REVIEWS_BETWEEN_KNOWN_CASES = 4

# A submission that a reviewer gave back is not offered to them again while the lease's row exists.
LEASE_RETENTION = timedelta(days=1)
NUDGE_AFTER = timedelta(days=2)
ESCALATE_AFTER = timedelta(days=14)
ASK_AGAIN_AFTER = timedelta(days=7)
# For each hack and day: enough to empty a queue in time without asking all reviewers at once.
MAX_REVIEWERS_ASKED = 10

MAX_ANSWER_LENGTH = 5000
MAX_COMMENT_LENGTH = 2000

Answers = list[dict[str, str]]


def escalates_at(submitted_at: datetime) -> datetime:
    """Return the promised date. A submission that peers have not decided by then goes to staff."""
    return submitted_at + ESCALATE_AFTER


def anonymous_xp_cutoff(now: datetime) -> datetime:
    """Return the start of the day in UTC. Anonymous verifications before it are due their XP.

    All anonymous verifications of a day get their XP early on the next day, so that its time does not reveal an author.
    """
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
