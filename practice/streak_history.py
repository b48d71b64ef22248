"""The history of the streak, day by day, as app.streak_history (sql/schema/streak.sql) tells it."""

from dataclasses import dataclass
from datetime import date, datetime, time

from accounts.models import Member
from database.statements import run_sql
from practice.rules import MAX_REST_STOCK, STREAK_DAYS_PER_EARNED_REST


@dataclass(frozen=True)
class HistoryDay:
    """A day, the clock it was judged by, and where the numbers stood after it."""

    day: date
    kind: str
    zone: str
    day_start: time
    streak: int
    rest_stock: int
    strength: float
    won: int

    @property
    def words(self) -> str:
        if not self.won:
            return self._deed
        return f"{self._deed}; a rest day that you have won came into stock, {MAX_REST_STOCK} at most"

    @property
    def _deed(self) -> str:
        if self.kind != "done":
            return WORDS[self.kind]
        if self.streak == 1:
            return "Checked in: a streak begins"
        if self.streak % STREAK_DAYS_PER_EARNED_REST == 0:
            return f"Checked in; a seventh day earns a rest day, {MAX_REST_STOCK} at most"
        return "Checked in"


WORDS = {
    "dropped": "The calendar there skipped this date",
    "earned": "No check-in: covered by an earned rest day",
    "missed": "No check-in: missed",
    "rest": "Planned rest day",
    "today": "Not over yet",
    "travel": "No check-in: forgiven for a move east",
}


def streak_history(member: Member, first: date, last: date, moment: datetime) -> list[HistoryDay]:
    """The days from `first` to `last` that the member has lived through by `moment`, from the first check-in on."""
    days = run_sql("SELECT * FROM app.streak_history(%s, %s, %s, %s)", [member.pk, first, last, moment])
    return [HistoryDay(*row) for row in days.rows]
