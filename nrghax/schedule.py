"""The tasks that run by the clock, in UTC. reactions.py lists the reactions to activities."""

from datetime import timedelta
from typing import Any

from celery.schedules import crontab, schedule

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def _run(at: crontab | timedelta, *, expires: timedelta | None = None) -> dict[str, Any]:
    """Return a task's schedule entry. Frequent tasks expire, or a worker that was down all night would run hundreds."""
    options = {"expires": expires.total_seconds()} if expires else {}
    return {"schedule": schedule(at) if isinstance(at, timedelta) else at, "options": options}


_TASKS = {
    # All day
    "nrghax.tasks.sweep_activities": _run(MINUTE, expires=MINUTE),
    "gamification.discord.tasks.send_discord_roles": _run(MINUTE, expires=MINUTE),
    # The pages say how often these two run.
    "gamification.tasks.rank_participants": _run(crontab(minute="*/5"), expires=5 * MINUTE),
    "gamification.tasks.rank_members": _run(crontab(minute="*/10"), expires=10 * MINUTE),
    # Earning an achievement and connecting Discord request roles at once. This catches staff's changes and lost tasks.
    "gamification.discord.tasks.want_discord_roles": _run(crontab(minute="4-59/10"), expires=10 * MINUTE),
    # A day ends somewhere every quarter of an hour: some time zones are offset by 30 or 45 minutes.
    "practice.tasks.close_streaks": _run(crontab(minute="1,16,31,46"), expires=15 * MINUTE),
    "gamification.tasks.settle_challenges": _run(crontab(minute="7,22,37,52"), expires=15 * MINUTE),
    "practice.tasks.close_abandoned_sessions": _run(crontab(minute="20"), expires=HOUR),
    "community.tasks.sweep_verifications": _run(crontab(minute="25"), expires=HOUR),
    # Once a day
    "community.tasks.reward_anonymous": _run(crontab(hour="0", minute="40")),
    "practice.tasks.recompute_streaks": _run(crontab(hour="2", minute="20")),
    "practice.tasks.recompute_progress": _run(crontab(hour="2", minute="40")),
    "gamification.tasks.score_challenges": _run(crontab(hour="2", minute="45")),
    # Staff's changes to criteria and achievements enqueue these two at once. The daily run makes up for lost tasks.
    "hacks.tasks.unlock_for_all": _run(crontab(hour="2", minute="50")),
    "gamification.tasks.award_achievements": _run(crontab(hour="3", minute="20")),
    "gamification.tasks.recompute_xp": _run(crontab(hour="3", minute="0")),
    "nrghax.tasks.keep_activity_partitions": _run(crontab(hour="3", minute="10")),
    "community.tasks.check_reviews": _run(crontab(hour="3", minute="15")),
    "nrghax.tasks.clear_sessions": _run(crontab(hour="3", minute="30")),
    "community.tasks.ask_reviewers": _run(crontab(hour="9", minute="40")),
}

SCHEDULE = {task: {"task": task, **when} for task, when in _TASKS.items()}
