"""Award achievements, and read the members' progress towards them."""

import json
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.models import Member
from analytics.actions import enqueue_on_commit
from analytics.models import Activity
from database.statements import read_statement, run_sql
from gamification.kinds import KINDS, KINDS_BY_FILE, XP_SOURCES

PREVIEW_NAMES = 5


class EarnedAchievement(NamedTuple):
    member_id: UUID
    id: UUID
    name: str
    slug: str
    activity_id: UUID


class AchievementProgress(NamedTuple):
    """The counted value for an achievement, and the displayed names of its hack and category."""

    value: int
    hack: str
    category: str


class Candidates(NamedTuple):
    """The number of members who meet the criteria, and the names of the first PREVIEW_NAMES."""

    number: int
    names: list[str]

    @property
    def others(self) -> int:
        return self.number - len(self.names)


@transaction.atomic
def award_achievements(
    *, member_id: UUID | None = None, achievement_id: UUID | None = None, is_private: bool = False
) -> list[EarnedAchievement]:
    """Award the earned achievements of one member or (None) all; return the new ones.

    `achievement_id` limits this to one achievement. `is_private` makes all of them private. An achievement that counts
    private awards is private in any case. Each is recorded as an activity, and the reactions run after the commit.
    Should be called as the worker: other roles can't write here.
    """
    parameters = {
        "member_id": member_id,
        "achievement_id": achievement_id,
        "is_private": is_private,
        "activity": Activity.ACHIEVEMENT_EARNED,
        "sources": json.dumps(XP_SOURCES),
    }
    earned = []
    for file, kinds in KINDS_BY_FILE.items():
        text = _counting("award_achievements", file, of_member=member_id is not None)
        earned += [EarnedAchievement(*row) for row in run_sql(text, {**parameters, "kinds": kinds}).rows]
    enqueue_on_commit(*(achievement.activity_id for achievement in earned))
    return earned


def achievements_progress(*, member: Member, achievement_id: UUID | None = None) -> dict[UUID, AchievementProgress]:
    """Return the member's progress by achievement id, for one achievement or (None) all, in one statement.

    The result includes secret achievements: the caller must not show them.
    """
    parameters = {"member_id": member.pk, "achievement_id": achievement_id, "sources": json.dumps(XP_SOURCES)}
    result = run_sql(_counting("achievements_progress", *KINDS_BY_FILE, of_member=True), parameters)
    return {achievement: AchievementProgress(*progress) for achievement, *progress in result.rows}


def preview_achievement(*, criteria: dict[str, Any]) -> Candidates:
    """Return the members who meet the criteria now. The criteria must be valid but need not be saved.

    Should be called as staff or as the worker.
    """
    parameters = {
        "kind": criteria["type"],
        "needed": criteria["value"],
        "hack": criteria.get("hack", ""),
        "category": criteria.get("category", ""),
        "sources": json.dumps(XP_SOURCES),
        "most": PREVIEW_NAMES,
    }
    file = KINDS[criteria["type"]].counted_by
    rows = run_sql(_counting("achievements_preview", file, of_member=False), parameters).rows
    return Candidates(rows[0][1] if rows else 0, [name for name, _ in rows])


@cache
def _counting(statement: str, *files: str, of_member: bool) -> str:
    """Return the statement's text with the files that count the kinds, for one member (member_id) or for all.

    The two cases have separate texts, because a stored plan for one member must use the indexes.
    """
    counted = " UNION ALL ".join(f"({read_statement('gamification', f'achievements_by_{each}')})" for each in files)
    text = read_statement("gamification", statement).replace("\n  COUNTED\n", f"\n{counted}\n")
    return text.replace("WHOSE", "user_id = %(member_id)s::uuid" if of_member else "true")
