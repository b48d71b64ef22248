"""Awards into the ledger of XP, and what follows from it. Everything here should be called as the worker."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from database.statements import run_statement
from gamification.rules import LATEST_LOGGED_DAYS, LEAST_SECONDS, XP_RULES
from practice.models import MemberStats

SETTLED_AT_ONCE = 1000


class ReachedLevel(NamedTuple):
    """In a category, by its name and title, or (None) overall."""

    category: str | None
    title: str | None
    level: int


def settle_xp(*, member_id: UUID | None = None) -> int:
    """Make the awards for practice and check-ins what they should be, for one member or (None) for all.

    They are derived from the sessions and check-ins that there are: a repeat changes nothing, and what was undone takes
    its award back. Returns how many awards differed.
    """
    if member_id is not None:
        return _settle([member_id])
    members = run_statement("gamification", "unsettled_members", rules=_practice_rules()).values
    # Not all under one lock: whoever checks in meanwhile waits for a batch at most.
    starts = range(0, len(members), SETTLED_AT_ONCE)
    return sum(_settle(members[start : start + SETTLED_AT_ONCE]) for start in starts)


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
    """Write the award of one deed into the ledger; False, and nothing, where it is there already.

    The amount is the rule's of the source unless it is given, and 0 beyond the day's limit. The category is the
    hack's unless it is given. The day is the member's local one of `done_at`, which is now unless it is given. What
    counts a private one is kept from others.
    """
    rule = XP_RULES[source]
    amount = rule.amount if amount is None else amount
    if amount is None:
        raise ValueError(f"An award of {source} needs its amount.")
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
        a_day=rule.a_day,
        done_at=done_at or timezone.now(),
        is_private=is_private,
    )
    return awarded.count == 1


@transaction.atomic
def revoke_xp(*, member_id: UUID, source: str, source_id: UUID) -> bool:
    """Take the award of an undone deed back; False where there was none."""
    rule = XP_RULES[source]
    _lock([member_id])
    return run_statement(
        "gamification",
        "revoke_xp",
        member_id=member_id,
        source=source,
        source_id=source_id,
        amount=rule.amount if rule.a_day else None,
    ).value


def lock_xp(*, member_id: UUID) -> None:
    """Keep other workers from this member's awards until the transaction ends.

    For an award that depends on what its deed is now: read that afterwards. Should be called inside a transaction.
    """
    _lock([member_id])


@transaction.atomic
def celebrate_levels(*, member_id: UUID) -> list[ReachedLevel]:
    """The levels that the member has reached since the last time: each is returned once, whoever asks."""
    return [ReachedLevel(*row) for row in run_statement("gamification", "celebrate_levels", member_id=member_id).rows]


@transaction.atomic
def recompute_xp() -> tuple[int, int]:
    """Hold every total against the ledger and repair it; returns how many members and rows differed."""
    members, rows = run_statement("gamification", "recompute_xp").row
    return members, rows


@transaction.atomic
def _settle(member_ids: Sequence[UUID]) -> int:
    _lock(member_ids)
    return run_statement("gamification", "settle_xp", members=list(member_ids), rules=_practice_rules()).value


def _lock(member_ids: Sequence[UUID]) -> None:
    """Two workers take turns on a member, as the streak does: what the second reads is what the first committed."""
    rows = MemberStats.objects.filter(pk__in=member_ids).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk"))


def _practice_rules() -> str:
    """The rules that app.xp_due goes by."""
    rules: dict[str, Any] = {source: XP_RULES[source]._asdict() for source in ("session", "checkin")}
    return json.dumps({**rules, "least_seconds": LEAST_SECONDS, "latest_logged_days": LATEST_LOGGED_DAYS})
