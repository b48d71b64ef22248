"""Store which Discord accounts should have which roles, and send the requests to Discord."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import NamedTuple
from uuid import UUID

import requests
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from database.identity import after_commit
from database.statements import call_function, run_statement
from gamification.discord.api import MAX_ATTEMPTS, RATE_LIMITED, Answer, Outcome, backoff, change_role
from gamification.discord.models import DiscordRoleGrant, DiscordRoleGrantQuerySet

SEND_TASK = "gamification.discord.tasks.send_discord_roles"
WANT_TASK = "gamification.discord.tasks.want_discord_roles"
BATCH_SIZE = 50
# The cache key of the end of the pause for all workers, in seconds since 1970.
PAUSED_UNTIL_KEY = "gamification.discord.paused_until"
# A member can retry a refused request after this delay.
OWN_RETRY_DELAY = timedelta(minutes=1)
# Roles of erased members that could not be removed stay visible to staff for this time.
ERASED_RETENTION = timedelta(days=30)

logger = logging.getLogger(__name__)


class Sent(NamedTuple):
    number: int
    """The number of requests that were sent."""
    resume_in: float | None
    """The seconds after which to continue; None if the next scheduled run is soon enough."""


def has_discord_roles() -> bool:
    """Return whether a bot is configured. Without one no role is stored, requested or shown."""
    return bool(settings.DISCORD_BOT_TOKEN)


@transaction.atomic
def want_discord_roles(*, member_id: UUID | None = None) -> int:
    """Store which Discord accounts should have which roles, for one member or (None) all; return how many rows changed.

    A repeat changes nothing. The requests are sent after the commit. Should be called as the worker.
    """
    if not has_discord_roles():
        return 0
    changed = run_statement("gamification", "want_discord_roles", member_id=member_id).value
    if changed:
        _enqueue_on_commit(SEND_TASK)
    return changed


def forget_erased_accounts(*, now: datetime) -> int:
    """Delete the rows of members who were erased more than ERASED_RETENTION ago; return how many."""
    return DiscordRoleGrant.objects.erased_before(now - ERASED_RETENTION).delete()[0]


def send_discord_roles(*, now: datetime) -> Sent:
    """Send the requests that are due, each in a transaction of its own, until Discord's answer requires a pause.

    At most BATCH_SIZE requests are sent. Should be called as the worker, outside a transaction.
    """
    began = time.monotonic()

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    if not has_discord_roles() or _is_paused(now):
        return Sent(0, None)
    with requests.Session() as session:
        for number in range(BATCH_SIZE):
            answer = _send_next(session, now, moment)
            if answer is None:
                return Sent(number, None)
            if answer.pause:
                _pause(moment(), answer)
                return Sent(number + 1, answer.pause)
    return Sent(BATCH_SIZE, 0)


@transaction.atomic
def retry_discord_roles(*, grants: DiscordRoleGrantQuerySet) -> int:
    """Send the requests for these roles again, in any state; return how many."""
    number = grants.update(
        state=DiscordRoleGrant.State.PENDING, attempts=0, next_attempt_at=timezone.now(), last_error=""
    )
    _enqueue_on_commit(SEND_TASK)
    return number


@transaction.atomic
def retry_own_discord_roles() -> int:
    """Retry the member's own failed requests, at most once a minute; return how many.

    Should be called as the member.
    """
    number = call_function("app.retry_own_discord_roles")
    if number:
        _enqueue_on_commit(SEND_TASK)
    return number


def follow_discord_account(*, member_id: UUID) -> None:
    """Enqueue an update of the member's roles after a Discord account was connected or disconnected."""
    if has_discord_roles():
        _enqueue_on_commit(WANT_TASK, str(member_id))


@transaction.atomic
def _send_next(session: requests.Session, now: datetime, moment: Callable[[], datetime]) -> Answer | None:
    """Send the next request that is due; return Discord's answer, or None if no request is due.

    The row stays locked during the request, so that no other worker sends it or changes it. If the worker dies, the
    lock is released and the request is sent again. The requests are idempotent.
    """
    grant = DiscordRoleGrant.objects.due(now).select_for_update(skip_locked=True).first()
    if grant is None:
        return None
    answer = change_role(session, role_id=grant.role_id, discord_id=grant.discord_id, is_wanted=grant.is_wanted)
    if answer.outcome == Outcome.DONE and not grant.is_wanted:
        grant.delete()
        return answer
    _apply_answer(grant, answer, moment())
    grant.save(update_fields=["state", "attempts", "next_attempt_at", "last_error"])
    return answer


def _apply_answer(grant: DiscordRoleGrant, answer: Answer, now: datetime) -> None:
    grant.last_error = answer.error
    match answer.outcome:
        case Outcome.DONE:
            grant.state = DiscordRoleGrant.State.DONE
        case Outcome.RATE_LIMITED:
            grant.next_attempt_at = now + timedelta(seconds=answer.pause)
        case Outcome.REFUSED:
            grant.state = DiscordRoleGrant.State.FAILED
            grant.next_attempt_at = now + OWN_RETRY_DELAY
        case Outcome.UNAVAILABLE:
            grant.next_attempt_at = now + backoff(grant.attempts + 1, SystemRandom().random())
            if grant.attempts + 1 >= MAX_ATTEMPTS:
                grant.state = DiscordRoleGrant.State.FAILED
    if answer.outcome != Outcome.RATE_LIMITED:
        grant.attempts += 1
    if grant.state == DiscordRoleGrant.State.FAILED:
        logger.warning("The request for Discord role %s failed: %s", grant.pk, answer.error)


def _is_paused(now: datetime) -> bool:
    return now.timestamp() < cache.get(PAUSED_UNTIL_KEY, 0)


def _pause(now: datetime, answer: Answer) -> None:
    """Pause the requests of all workers. If the cache is down, each worker meets the limit itself."""
    if answer.error and answer.error != RATE_LIMITED:
        logger.error("Requests to Discord pause for %d seconds: %s", answer.pause, answer.error)
    cache.set(PAUSED_UNTIL_KEY, now.timestamp() + answer.pause, timeout=int(answer.pause) + 1)


def _enqueue_on_commit(task: str, *arguments: str) -> None:
    """Enqueue the task after the commit. If the broker loses it, the next scheduled run does the work."""

    def enqueue() -> None:
        try:
            current_app.send_task(task, args=arguments, ignore_result=True)
        except OperationalError as error:
            logger.warning(
                "Could not enqueue %s, which runs at its next scheduled time: the broker cannot be reached (%s).",
                task,
                error,
            )

    after_commit(enqueue)
