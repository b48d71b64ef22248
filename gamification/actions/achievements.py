"""Awarding achievements, and how far members have come with them."""

import json
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.models import Member
from analytics.actions import enqueue_on_commit
from analytics.models import Activity
from database.statements import read_statement, run_sql
from gamification.kinds import FAMILIES, KINDS, SOURCES

PREVIEW_NAMES = 5


class EarnedAchievement(NamedTuple):
    member_id: UUID
    id: UUID
    name: str
    slug: str
    activity_id: UUID


class AchievementProgress(NamedTuple):
    """What is counted for an achievement, and what its criteria name, as people know it."""

    value: int
    hack: str
    category: str


class Candidates(NamedTuple):
    """How many members meet criteria, and the names of the first."""

    number: int
    names: list[str]

    @property
    def others(self) -> int:
        return self.number - len(self.names)


@transaction.atomic
def award_achievements(
    *, member_id: UUID | None = None, achievement_id: UUID | None = None, is_private: bool = False
) -> list[EarnedAchievement]:
    """Award what is due, to one member or (None) to all, of one achievement or (None) of all; return what was new.

    `is_private` keeps all of it from others; what counts private deeds is kept from them in any case. Each is written
    into the activity log and reacted to once that is committed.
    Should be called as the worker: a member's own role can award nothing.
    """
    parameters = {
        "member_id": member_id,
        "achievement_id": achievement_id,
        "is_private": is_private,
        "activity": Activity.ACHIEVEMENT_EARNED,
        "sources": json.dumps(SOURCES),
    }
    earned = []
    for family, kinds in FAMILIES.items():
        text = _counting("award_achievements", family, of_member=member_id is not None)
        earned += [EarnedAchievement(*row) for row in run_sql(text, {**parameters, "kinds": kinds}).rows]
    enqueue_on_commit(*(achievement.activity_id for achievement in earned))
    return earned


def achievements_progress(*, member: Member, achievement_id: UUID | None = None) -> dict[UUID, AchievementProgress]:
    """Where the member stands with each achievement, or with one, by its id: secrets too, which are the caller's to
    keep. One statement.
    """
    parameters = {"member_id": member.pk, "achievement_id": achievement_id, "sources": json.dumps(SOURCES)}
    result = run_sql(_counting("achievements_progress", *FAMILIES, of_member=True), parameters)
    return {achievement: AchievementProgress(*progress) for achievement, *progress in result.rows}


def preview_achievement(*, criteria: dict[str, Any]) -> Candidates:
    """Who meets valid criteria now, whether they are saved or not. Should be called as staff or as the worker."""
    parameters = {
        "kind": criteria["type"],
        "needed": criteria["value"],
        "hack": criteria.get("hack", ""),
        "category": criteria.get("category", ""),
        "sources": json.dumps(SOURCES),
        "most": PREVIEW_NAMES,
    }
    family = KINDS[criteria["type"]].counted_by
    rows = run_sql(_counting("achievements_preview", family, of_member=False), parameters).rows
    return Candidates(rows[0][1] if rows else 0, [name for name, _ in rows])


@cache
def _counting(statement: str, *families: str, of_member: bool) -> str:
    """The statement's text with what counts these families of kinds, for the parameter member_id or for everybody.

    Two texts, as a plan that is kept for one member has to go by the indices.
    """
    counted = " UNION ALL ".join(f"({read_statement('gamification', f'achievements_by_{each}')})" for each in families)
    text = read_statement("gamification", statement).replace("\n  COUNTED\n", f"\n{counted}\n")
    return text.replace("WHOSE", "user_id = %(member_id)s::uuid" if of_member else "true")
