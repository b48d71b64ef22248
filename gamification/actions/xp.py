"""Write the XP ledger, and celebrate levels. All functions should be called as the worker."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from database.statements import run_statement
from gamification.rules import LOGGING_DEADLINE_DAYS, MIN_COUNTED_SECONDS, XP_RULES
from practice.models import MemberStats

SETTLE_BATCH_SIZE = 1000


class ReachedLevel(NamedTuple):
    """A level that a member has reached, in a category or (None) overall."""

    category: str | None
    title: str | None
    level: int


def settle_xp(*, member_id: UUID | None = None) -> int:
    """Update the awards for practice and check-ins of one member or (None) all; return how many awards differed.

    The awards are derived from the existing sessions and check-ins. A repeat changes nothing. Deleting a session or
    check-in deletes its award.
    """
    if member_id is not None:
        return _settle([member_id])
    members = run_statement("gamification", "unsettled_members", rules=_practice_rules()).values
    # One transaction per batch: a member who checks in at the same time waits for one batch at most.
    starts = range(0, len(members), SETTLE_BATCH_SIZE)
    return sum(_settle(members[start : start + SETTLE_BATCH_SIZE]) for start in starts)


@transaction.atomic
def award_xp(
    *,
    member_id: UUID,
    source: str,
    source_id: UUID,
    category_id: UUID | None = None,
    hack_id: UUID | None = None,
    amount: int | None = None,
    done_at: datetime | None = None,
    is_private: bool = False,
) -> bool:
    """Insert one award into the ledger; return False and write nothing if it already exists.

    `amount` defaults to the rule of the source, and is 0 beyond the daily limit. `category_id` defaults to the hack's
    category. `done_at` defaults to now, and determines the member's local day. `is_private` hides achievements that
    count the award from other members. Raise ValueError if the source needs an amount and none is given.
    """
    rule = XP_RULES[source]
    amount = rule.amount if amount is None else amount
    if amount is None:
        raise ValueError(f"An award for {source} needs an amount.")
    _lock([member_id])
    awarded = run_statement(
        "gamification",
        "award_xp",
        member_id=member_id,
        source=source,
        source_id=source_id,
        category_id=category_id,
        hack_id=hack_id,
        amount=amount,
        daily_limit=rule.daily_limit,
        done_at=done_at or timezone.now(),
        is_private=is_private,
    )
    return awarded.count == 1


@transaction.atomic
def revoke_xp(*, member_id: UUID, source: str, source_id: UUID) -> bool:
    """Delete an award; return False if it does not exist.

    The first award beyond the daily limit then gets its XP.
    """
    rule = XP_RULES[source]
    _lock([member_id])
    return run_statement(
        "gamification",
        "revoke_xp",
        member_id=member_id,
        source=source,
        source_id=source_id,
        amount=rule.amount if rule.daily_limit else None,
    ).value


def lock_xp(*, member_id: UUID) -> None:
    """Lock the member's awards against other workers until the transaction ends.

    If an award depends on the present state of a row, read that row after locking. Should be called inside a
    transaction.
    """
    _lock([member_id])


@transaction.atomic
def celebrate_levels(*, member_id: UUID) -> list[ReachedLevel]:
    """Return the levels that the member has reached since the last call. Each level is returned only once."""
    return [ReachedLevel(*row) for row in run_statement("gamification", "celebrate_levels", member_id=member_id).rows]


@transaction.atomic
def recompute_xp() -> tuple[int, int]:
    """Correct all totals that differ from the ledger; return how many members and rows differed."""
    members, rows = run_statement("gamification", "recompute_xp").row
    return members, rows


@transaction.atomic
def _settle(member_ids: Sequence[UUID]) -> int:
    _lock(member_ids)
    return run_statement("gamification", "settle_xp", members=list(member_ids), rules=_practice_rules()).value


def _lock(member_ids: Sequence[UUID]) -> None:
    """Lock the rows that also guard the streak. A second worker waits, and then reads what the first one committed."""
    rows = MemberStats.objects.filter(pk__in=member_ids).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk"))


def _practice_rules() -> str:
    """Return the rules for app.xp_due as JSON."""
    rules: dict[str, Any] = {source: XP_RULES[source]._asdict() for source in ("session", "checkin")}
    return json.dumps(
        {**rules, "min_counted_seconds": MIN_COUNTED_SECONDS, "logging_deadline_days": LOGGING_DEADLINE_DAYS}
    )
