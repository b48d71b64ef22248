"""Count the leaderboards."""

from datetime import UTC, datetime

from django.db import transaction

from database.statements import run_sql, run_statement
from gamification.models import Leaderboard

# Two concurrent counts would write the same rows twice. The lock is released at the end of the transaction.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('gamification.rank_members'))"


@transaction.atomic
def rank_members(*, now: datetime) -> int:
    """Count the boards of all periods that contain `now` in UTC; return how many rows were written or deleted.

    Do nothing and return 0 if another worker is counting. Should be called as the worker.
    """
    today = now.astimezone(UTC).date()
    if not run_sql(TRY_LOCK).value:
        return 0
    return run_statement(
        "gamification",
        "rank_members",
        now=now,
        week=Leaderboard.Period.WEEK.starts_on(today),
        month=Leaderboard.Period.MONTH.starts_on(today),
    ).value
