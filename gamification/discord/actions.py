"""Roles on the community's Discord server: who shall have which, and asking Discord for it."""

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

from database.statements import call_function, run_statement
from gamification.discord.api import LIMITED, MOST_ATTEMPTS, Answer, Outcome, backoff, change_role
from gamification.discord.models import DiscordRoleGrant, DiscordRoleGrantQuerySet

SEND_TASK = "gamification.discord.tasks.send_discord_roles"
WANT_TASK = "gamification.discord.tasks.want_discord_roles"
AT_ONCE = 50
# Until when Discord is left alone, for all workers: a time as seconds since 1970.
PAUSED_UNTIL = "gamification.discord.paused_until"
# From when on a member may have what was refused tried again.
RETRY_OWN_AFTER = timedelta(minutes=1)
# How long staff may look at what could not be taken from an account whose member is erased.
KEEP_ERASED = timedelta(days=30)

logger = logging.getLogger(__name__)


class Sent(NamedTuple):
    number: int
    """How many roles Discord was asked for."""
    again_in: float | None
    """In how many seconds to go on, where something is left that can be asked for then."""


def has_discord_roles() -> bool:
    """Without a bot there are none: nothing is written down, asked for or shown."""
    return bool(settings.DISCORD_BOT_TOKEN)


@transaction.atomic
def want_discord_roles(*, member_id: UUID | None = None) -> int:
    """Write down who shall have which role, for one member or (None) for all; returns how many rows changed.

    A repeat changes nothing. Discord is asked once this is committed. Should be called as the worker.
    """
    if not has_discord_roles():
        return 0
    changed = run_statement("gamification", "want_discord_roles", member_id=member_id).value
    if changed:
        _enqueue_on_commit(SEND_TASK)
    return changed


def forget_erased_accounts(*, now: datetime) -> int:
    """Delete what could not be taken from accounts whose members were erased long ago; returns how many."""
    return DiscordRoleGrant.objects.erased_before(now - KEEP_ERASED).delete()[0]


def send_discord_roles(*, now: datetime) -> Sent:
    """Ask Discord for what is due, one role a request and a transaction, until it wants a pause.

    Should be called as the worker, outside of a transaction.
    """
    began = time.monotonic()

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    if not has_discord_roles() or _is_paused(now):
        return Sent(0, None)
    with requests.Session() as session:
        for number in range(AT_ONCE):
            answer = _send_next(session, now, moment)
            if answer is None:
                return Sent(number, None)
            if answer.pause:
                _pause(moment(), answer)
                return Sent(number + 1, answer.pause)
    return Sent(AT_ONCE, 0)


@transaction.atomic
def retry_discord_roles(*, grants: DiscordRoleGrantQuerySet) -> int:
    """Have these asked for anew, whatever Discord said; returns how many."""
    number = grants.update(
        state=DiscordRoleGrant.State.PENDING, attempts=0, next_attempt_at=timezone.now(), last_error=""
    )
    _enqueue_on_commit(SEND_TASK)
    return number


@transaction.atomic
def retry_own_discord_roles() -> int:
    """The same by the member themselves for what Discord refused, once a minute. Should be called as the member."""
    number = call_function("app.retry_own_discord_roles")
    if number:
        _enqueue_on_commit(SEND_TASK)
    return number


def follow_discord_account(*, member_id: UUID) -> None:
    """A worker looks at the member's roles once it is committed which account is connected, or that none is."""
    if has_discord_roles():
        _enqueue_on_commit(WANT_TASK, str(member_id))


@transaction.atomic
def _send_next(session: requests.Session, now: datetime, moment: Callable[[], datetime]) -> Answer | None:
    """The row stays locked while Discord is asked: nobody sends it a second time, and nobody changes meanwhile what is
    wanted. A worker that dies unlocks it, and asking again does no harm.
    """
    grant = DiscordRoleGrant.objects.due(now).select_for_update(skip_locked=True).first()
    if grant is None:
        return None
    answer = change_role(session, role_id=grant.role_id, discord_id=grant.discord_id, is_wanted=grant.is_wanted)
    if answer.outcome == Outcome.DONE and not grant.is_wanted:
        grant.delete()
        return answer
    _write_down(grant, answer, moment())
    grant.save(update_fields=["state", "attempts", "next_attempt_at", "last_error"])
    return answer


def _write_down(grant: DiscordRoleGrant, answer: Answer, now: datetime) -> None:
    grant.last_error = answer.error
    match answer.outcome:
        case Outcome.DONE:
            grant.state = DiscordRoleGrant.State.DONE
        case Outcome.LIMITED:
            grant.next_attempt_at = now + timedelta(seconds=answer.pause)
        case Outcome.REFUSED:
            grant.state = DiscordRoleGrant.State.FAILED
            grant.next_attempt_at = now + RETRY_OWN_AFTER
        case Outcome.BROKEN:
            grant.next_attempt_at = now + backoff(grant.attempts + 1, SystemRandom().random())
            if grant.attempts + 1 >= MOST_ATTEMPTS:
                grant.state = DiscordRoleGrant.State.FAILED
    if answer.outcome != Outcome.LIMITED:
        grant.attempts += 1
    if grant.state == DiscordRoleGrant.State.FAILED:
        logger.warning("Discord role %s is given up on: %s", grant.pk, answer.error)


def _is_paused(now: datetime) -> bool:
    return now.timestamp() < cache.get(PAUSED_UNTIL, 0)


def _pause(now: datetime, answer: Answer) -> None:
    """For all workers. Were the cache away, each would learn it from Discord itself."""
    if answer.error and answer.error != LIMITED:
        logger.error("Nothing is asked of Discord for %d seconds: %s", answer.pause, answer.error)
    cache.set(PAUSED_UNTIL, now.timestamp() + answer.pause, timeout=int(answer.pause) + 1)


def _enqueue_on_commit(task: str, *arguments: str) -> None:
    """What the broker loses, beat's next round finds."""

    def enqueue() -> None:
        try:
            current_app.send_task(task, args=arguments, ignore_result=True)
        except OperationalError as error:
            logger.warning("%s waits for its time: the broker cannot be reached (%s).", task, error)

    transaction.on_commit(enqueue, robust=True)
