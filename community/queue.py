"""The parts of the review queue that members may see.

Each row comes from a definer function (community/sql/schema/queue.sql), which answers for the member that the
transaction acts for.
"""

import json
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from community.rules import Answers
from database.statements import run_sql

OPEN = "open"


class Lease(NamedTuple):
    """A lease of the member that is open or ended within the last day; only an open one has answers and an author."""

    id: UUID
    verification_id: UUID
    hack_id: UUID
    state: str  # open, expired, changed, withdrawn, decided, given_back, buddies, reviewed
    leased_at: datetime
    expires_at: datetime
    answers: Answers | None
    author_id: UUID | None  # None: the author is anonymous.

    @property
    def is_open(self) -> bool:
        return self.state == OPEN


class QueuePosition(NamedTuple):
    """The place of the member's submission in the queue of its hack, and the wait that authors had lately."""

    place: int
    expected_wait: timedelta | None  # None until a first submission for the hack is decided.


def leases() -> list[Lease]:
    """Return the member's leases, also those that ended within the last day; the earliest to expire first."""
    found = (
        Lease(*row) for row in run_sql("SELECT * FROM app.leased_verifications() ORDER BY expires_at, lease_id").rows
    )
    return [lease._replace(answers=json.loads(lease.answers)) if lease.answers else lease for lease in found]


def find_lease(lease_id: UUID) -> Lease | None:
    return next((lease for lease in leases() if lease.id == lease_id), None)


def waiting_reviews() -> dict[UUID, int]:
    """Return the number of submissions that the member could take, by hack; at most 100 for each hack."""
    return dict(run_sql("SELECT * FROM app.waiting_reviews()").rows)


def queue_positions() -> dict[UUID, QueuePosition]:
    """Return the queue positions of the member's submissions that wait for peers, by submission."""
    return {row[0]: QueuePosition(*row[1:]) for row in run_sql("SELECT * FROM app.queue_positions()").rows}
