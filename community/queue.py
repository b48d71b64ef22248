"""What members see of the queue of verifications: each row comes from a definer function (community/sql/queue.sql).

Everything here asks for the member that the transaction acts for.
"""

import json
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from community.rules import Answers
from database.statements import run_sql

OPEN = "open"


class Lease(NamedTuple):
    """A slot that the member holds, or held until lately. Answers and author are there while it is open."""

    id: UUID
    verification_id: UUID
    hack_id: UUID
    state: str  # open, expired, changed, withdrawn, decided, given_back, buddies, reviewed
    leased_at: datetime
    expires_at: datetime
    answers: Answers | None
    author_id: UUID | None  # Nobody: the author chose to be anonymous.

    @property
    def is_open(self) -> bool:
        return self.state == OPEN


class QueuePosition(NamedTuple):
    """The place of the member's submission in the queue of its hack."""

    place: int
    expected_wait: timedelta | None  # unknown until a first submission for the hack is decided


def leases() -> list[Lease]:
    """The member's, the one that ends first being first; what has ended is kept for a day."""
    found = (
        Lease(*row) for row in run_sql("SELECT * FROM app.leased_verifications() ORDER BY expires_at, lease_id").rows
    )
    return [lease._replace(answers=json.loads(lease.answers)) if lease.answers else lease for lease in found]


def find_lease(lease_id: UUID) -> Lease | None:
    return next((lease for lease in leases() if lease.id == lease_id), None)


def waiting_reviews() -> dict[UUID, int]:
    """How many submissions the member could take, by hack; counted up to a hundred each."""
    return dict(run_sql("SELECT * FROM app.waiting_reviews()").rows)


def queue_positions() -> dict[UUID, QueuePosition]:
    """Return the places of the member's submissions that wait for peers, by submission."""
    return {row[0]: QueuePosition(*row[1:]) for row in run_sql("SELECT * FROM app.queue_positions()").rows}
