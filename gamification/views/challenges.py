"""Pages of challenges: list, details, joining and leaving."""

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import member_post
from accounts.models import Member
from gamification.actions import ChallengeRefused, join_challenge, leave_challenge
from gamification.challenges import (
    CHALLENGE_KINDS,
    counting_rule,
    describe_criteria,
    ordinal,
    progress_towards,
    time_until,
    unit_of,
)
from gamification.kinds import Progress
from gamification.leaderboards import BoardRow, board_row
from gamification.models import Challenge, ChallengeParticipant
from gamification.models.challenges import ChallengeQuerySet

PAGE_SIZE = 12
MAX_LISTED = 50
NEIGHBOURS = 3
TABS = {"now": "Running", "coming": "Upcoming", "yours": "Yours", "past": "Past"}
OPEN_STATES = ("coming", "running")


class ChallengeCard(NamedTuple):
    """A challenge as a page shows it to a member."""

    row: Challenge
    state: str
    requirement: str
    when: str
    participant_count: str
    own: Progress | None
    result: str
    """The final rank, as in "3rd of 12"; empty until the challenge is settled."""


@require_safe
@login_required
def challenge_list(request: HttpRequest) -> HttpResponse:
    """List the challenges. An unknown `show` parameter falls back to the running ones."""
    now = timezone.now()
    requested = request.GET.get("show", "now")
    show = requested if requested in TABS else "now"
    challenges = _challenges_in_tab(show, request.member, now).for_page(request.member)
    page = Paginator(challenges, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "show": show,
        "segments": [(words, f"?{urlencode({'show': name})}", name == show) for name, words in TABS.items()],
        "page_obj": page,
        "cards": [_card(challenge, now) for challenge in page],
    }
    return render(request, "gamification/challenge_list.html", context)


@require_safe
@login_required
def challenge_detail(request: HttpRequest, slug: str) -> HttpResponse:
    member, now = request.member, timezone.now()
    challenge = get_object_or_404(Challenge.objects.visible_to(member).for_page(member), slug=slug)
    card = _card(challenge, now)
    places = challenge.max_participants
    context = {
        "card": card,
        "challenge": challenge,
        "counted": counting_rule(challenge.criteria_json),
        "begins": _moment(challenge.start_date),
        "ends": _moment(challenge.end_date),
        "zone": _zone(member),
        "reward": _reward(challenge, member),
        "open": OPEN_STATES,
        "places_left": None if places is None else max(places - challenge.participant_count, 0),
        "may_join": card.state in OPEN_STATES and card.own is None,
        "may_leave": card.state in OPEN_STATES and card.own is not None,
        "next_step": _next_step(challenge) if card.state == "running" and card.own else None,
        "is_completed": card.state != "cancelled" and card.own is not None and card.own.done == card.own.needed,
        "hides": not member.privacy_settings["leaderboard_visible"],
        "own_unit": unit_of(challenge.criteria_json, challenge.own_score or 0),
        "unit": unit_of(challenge.criteria_json, 2).capitalize(),
        **_places(challenge, member),
    }
    return render(request, "gamification/challenge_detail.html", context)


@member_post
def join(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = get_object_or_404(Challenge.objects.visible_to(request.member), slug=slug)
    try:
        join_challenge(member=request.member, challenge=challenge)
    except ChallengeRefused as refused:
        messages.error(request, refused.reason)
    else:
        # A worker counts past practice shortly after the response.
        since = " We're counting what you've done since it started." if _has_begun(challenge) else ""
        messages.success(request, f"You're in! You've joined {challenge.name}.{since}")
    return redirect(challenge)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for confirmation, then leave: the score is deleted, and another member may take the place."""
    challenge = get_object_or_404(Challenge.objects.visible_to(request.member), slug=slug)
    if request.method != "POST":
        if not challenge.participants.filter(user=request.member).exists():
            messages.info(request, f"You haven't joined {challenge.name}.")
            return redirect(challenge)
        return render(request, "gamification/challenge_leave.html", {"challenge": challenge})
    try:
        leave_challenge(member=request.member, challenge=challenge)
    except ChallengeRefused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, f"You've left {challenge.name}.")
    return redirect(challenge)


def _has_begun(challenge: Challenge) -> bool:
    return challenge.start_date <= timezone.now()


def _challenges_in_tab(show: str, member: Member, now: datetime) -> ChallengeQuerySet:
    challenges = Challenge.objects.visible_to(member)
    match show:
        case "coming":
            return challenges.coming(now).order_by("start_date", "name")
        case "yours":
            return challenges.joined_by(member).order_by("-end_date", "name")
        case "past":
            return challenges.over(now).order_by("-end_date", "name")
    return challenges.running(now).order_by("end_date", "name")


def _card(challenge: Challenge, now: datetime) -> ChallengeCard:
    """Return the card of a row of `for_page`."""
    criteria = challenge.criteria_json
    state = challenge.state_at(now)
    is_in = challenge.own_id is not None
    return ChallengeCard(
        row=challenge,
        state=state,
        requirement=describe_criteria(
            criteria, hack=challenge.hack_name or "", category=challenge.category_title or ""
        ),
        when={
            "cancelled": "Cancelled",
            "coming": f"Starts in {time_until(challenge.start_date, now)}",
            "running": f"{time_until(challenge.end_date, now)} left".capitalize(),
            "counting": "Ended: counting the result",
            "over": f"Ended {date_format(timezone.localtime(challenge.end_date), 'j F Y')}",
        }[state],
        participant_count=_participants_text(challenge, state),
        own=progress_towards(criteria, challenge.own_score) if is_in else None,
        result=_result(challenge) if is_in and state == "over" else "",
    )


def _participants_text(challenge: Challenge, state: str) -> str:
    """Return the number of participants in words, or that the challenge is full."""
    number = challenge.participant_count
    if state not in OPEN_STATES:
        did = "had joined" if state == "cancelled" else "took part"
        return f"{number:,} {did}" if number else f"No one {did}"
    match number:
        case 0:
            return "No one has joined yet"
        case challenge.max_participants:
            return f"All {number:,} places are taken" if number > 1 else "The only place is taken"
    return f"{number:,} joined"


def _result(challenge: Challenge) -> str:
    return f"{ordinal(challenge.own_rank)} of {challenge.own_data['participants']:,}"


def _reward(challenge: Challenge, member: Member) -> str:
    """Return the reward in words. For a member who hides streaks, a rest day gives an empty string."""
    match challenge.reward_type:
        case Challenge.Reward.XP:
            return f"{challenge.reward_value['xp']:,} XP"
        case Challenge.Reward.ACHIEVEMENT:
            name = challenge.achievement_name
            return f"The achievement “{name}”" if name else "A secret achievement"
        case Challenge.Reward.REST_DAY:
            return "" if member.profile.hide_streaks else "A rest day"
    return ""


def _next_step(challenge: Challenge) -> tuple[str, str] | None:
    """Return the URL and text of the link to the next step; None if there is none."""
    criteria = challenge.criteria_json
    if challenge.hack_name:
        if not challenge.hack_has_page:
            return None
        return reverse("hacks:hack-detail", args=[criteria["hack"]]), f"Go to {challenge.hack_name}"
    if challenge.category_title:
        query = urlencode({"category": criteria["category"]})
        return f"{reverse('hacks:hack-list')}?{query}", f"Hacks for {challenge.category_title}"
    name, words = CHALLENGE_KINDS[criteria["type"]].next_step or ("", "")
    return (reverse(name), words) if name else None


def _places(challenge: Challenge, member: Member) -> dict[str, Any]:
    """Read the top places and, if the member is not among them, their own place with neighbours. One statement."""
    listed = Q(is_listed=True, place__lte=MAX_LISTED)
    if challenge.own_place:
        around = (challenge.own_place - NEIGHBOURS, challenge.own_place + NEIGHBOURS)
        listed |= Q(is_listed=True, place__range=around) | Q(user=member)
    found = list(
        ChallengeParticipant.objects.visible_to(member)
        .filter(listed, challenge=challenge, place__isnull=False)
        # A hidden member has the place of the next listed member, and sorts before them.
        .order_by("place", "is_listed")
        .values("user_id", "rank", "ranked_score", "place", "is_listed", *_CARD_FIELDS)
    )
    equals = Counter(row["rank"] for row in found)
    rows = [_board_row(row, member, is_shared=equals[row["rank"]] > 1) for row in found]
    first = [row for row, each in zip(rows, found, strict=True) if each["is_listed"] and each["place"] <= MAX_LISTED]
    at = next((number for number, row in enumerate(rows) if row.is_own), None)
    if at is None or rows[at] in first:
        return {"rows": first, "around": []}
    return {"rows": first, "around": rows[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]}


_CARD_FIELDS = ("user__username", "user__display_name", "user__avatar_url", "user__privacy_settings", "user__is_active")


def _board_row(row: dict[str, Any], member: Member, *, is_shared: bool) -> BoardRow:
    person = {
        "user_id": row["user_id"],
        "username": row["user__username"],
        "display_name": row["user__display_name"],
        "avatar_url": row["user__avatar_url"],
        "has_page": row["user__is_active"] and row["user__privacy_settings"]["profile_public"],
        "rank": row["rank"],
        "xp": row["ranked_score"],
    }
    return board_row(person, member, is_shared=is_shared)


def _zone(member: Member) -> str:
    """Return the time zone for the sentence "Times are in ...": "UTC", "New York time"."""
    region, _, name = member.zone.rpartition("/")
    return f"{name.replace('_', ' ')} time" if region else name


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "l, j F Y, H:i")
