"""The leaderboards, counted anew by workers."""

from datetime import UTC, datetime

from django.db import transaction

from database.statements import run_sql, run_statement
from gamification.models import Leaderboard

# Two counts at once would write the same rows twice; the lock ends with the transaction.
TAKE_TURN = "SELECT pg_try_advisory_xact_lock(hashtext('gamification.rank_members'))"


@transaction.atomic
def rank_members(*, now: datetime) -> int:
    """Count the boards of all periods that `now` is in, by UTC; return how many places were written or deleted.

    Leaves it to whoever is counting already. Should be called as the worker.
    """
    today = now.astimezone(UTC).date()
    if not run_sql(TAKE_TURN).value:
        return 0
    return run_statement(
        "gamification",
        "rank_members",
        now=now,
        week=Leaderboard.Period.WEEK.starts_on(today),
        month=Leaderboard.Period.MONTH.starts_on(today),
    ).value
