"""How peers verify: the numbers, and when a wait ends. Pure; community/sql/ holds the same three, thirty and four."""

from datetime import UTC, datetime, timedelta

# Whichever verdict has so many reviews first, decides.
REVIEWS_TO_DECIDE = 3
LEASE = timedelta(minutes=30)
MAX_LEASES = 4
# A known case comes after at least so many reviews of members' submissions: it is never more than one in five.
REVIEWS_BETWEEN_KNOWN_CASES = 4

# A review given back is not offered to the same reviewer again for a day; until then its row is kept.
KEEP_LEASES = timedelta(days=1)
NUDGE_AFTER = timedelta(days=2)
STAFF_AFTER = timedelta(days=14)
ASK_AGAIN_AFTER = timedelta(days=7)
# Per hack and day: enough to empty a queue in time, without a call to everybody at once.
REVIEWERS_ASKED = 10

MAX_ANSWER_LENGTH = 5000
MAX_COMMENT_LENGTH = 2000

Answers = list[dict[str, str]]


def staff_take_over_at(submitted_at: datetime) -> datetime:
    """The promised date: a submission that peers have not decided by then goes to the staff."""
    return submitted_at + STAFF_AFTER


def rewarded_before(now: datetime) -> datetime:
    """Who was verified anonymously before that moment is due the XP: those of a day (UTC) get it early on the next."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
