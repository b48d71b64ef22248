from datetime import timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from accounts.tests.factories import make_member, make_user
from analytics.actions import record
from analytics.models import Activity, Notification, UserActivityLog
from community.models import (
    HackVerification,
    HackVerificationReview,
    HackVerificationRound,
    PracticeBuddies,
    ReviewerSignals,
    VerificationLease,
)
from database.identity import Role, database_identity
from gamification.models import (
    Achievement,
    Challenge,
    ChallengeParticipant,
    DiscordRoleGrant,
    Leaderboard,
    LeaderboardEntry,
    LeaderboardStep,
    UserAchievement,
    UserXp,
    XpEntry,
)
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from practice.models import RestDay, RestDayGrant, Trip
from practice.tests.factories import make_checkin, make_session


def leave_traces(member: Member) -> None:
    """Create a row in each table that refers to a person. accounts/tests/test_users.py fails if a table is missing."""
    hack, chosen = HackFactory.create_batch(2)
    now = timezone.now()
    make_session(member, hack, started_at=now - timedelta(hours=2))
    make_session(member, hack, started_at=now, ended_at=None)
    for days in range(3):
        make_checkin(member, now.date() - timedelta(days=days), selected_hack=chosen)
    RestDay.objects.create(user=member, rest_date=now.date() + timedelta(days=1))
    RestDayGrant.objects.create(user=member, source_id=uuid7(), granted_on=now.date())
    UserHackProgress.objects.get_or_create(user=member, hack=chosen, defaults={"notes": "mine"})
    Notification.objects.create(user=member, type="hack_unlocked", subject="x", title="Open")
    record(member.pk, Activity.SESSION_LOGGED)
    for number in range(2):
        Member.objects.filter(pk=member.pk).update(username=f"name_{number}_{member.pk.hex[-8:]}")
    _leave_progress(member, hack)
    _leave_verifications(member, hack)
    Trip.objects.create(user=member, zone="Asia/Tokyo", starts_on=now.date(), ends_on=now.date())
    SocialAccount.objects.create(user=member.user, provider="google", uid=str(member.pk))
    Authenticator.objects.create(user=member.user, type=Authenticator.Type.TOTP, data={"secret": "sealed"})
    UserSession.objects.create(user=member.user, ip="127.0.0.1", session_key=member.pk.hex)
    with database_identity(Role.OWNER):
        group, _ = Group.objects.get_or_create(name="Curators")
        member.user.groups.add(group)
        member.user.user_permissions.add(Permission.objects.first())
        LogEntry.objects.log_actions(member.user.pk, [hack], CHANGE, single_object=True)


def _leave_progress(member: Member, hack: Hack) -> None:
    today = timezone.now().date()
    XpEntry.objects.create(user=member, source="session", source_id=uuid7(), hack=hack, amount=10, earned_on=today)
    UserXp.objects.get_or_create(user=member, category=hack.category)
    with database_identity(Role.STAFF):
        achievement, _ = Achievement.objects.get_or_create(
            slug="first", defaults={"name": "First", "criteria_json": {"type": "streak", "value": 1}}
        )
        challenge, _ = Challenge.objects.get_or_create(
            slug="spring",
            defaults={
                "name": "Spring",
                "start_date": timezone.now() - timedelta(days=1),
                "end_date": timezone.now() + timedelta(days=1),
                "criteria_json": {"type": "practice_count", "value": 1},
            },
        )
    UserAchievement.objects.create(user=member, achievement=achievement)
    ChallengeParticipant.objects.create(challenge=challenge, user=member)
    board, _ = Leaderboard.objects.get_or_create(period="all", category=None, defaults={"counted_at": timezone.now()})
    LeaderboardEntry.objects.create(board=board, user=member, xp=10, is_listed=True)
    LeaderboardStep.objects.get_or_create(board=board, xp=10, defaults={"rank": 1, "members": 1})
    DiscordRoleGrant.objects.create(user=member, role_id="1", discord_id=member.pk.hex)


def _leave_verifications(member: Member, hack: Hack) -> None:
    """Create a verification of the member that a peer reviews and decides, and one the other way round."""
    peer, now = make_member(), timezone.now()
    for author, reviewer in ((member, peer), (peer, member)):
        verification = HackVerification.objects.create(
            user=author,
            hack=hack,
            status="submitted",
            submitted_at=now,
            decided_by=reviewer,
            verification_questions=[{"question": "How?", "answer": "Warm."}],
        )
        HackVerificationRound.objects.create(
            verification=verification, round=1, verification_questions=[], submitted_at=now, outcome="returned"
        )
        people = {"verification": verification, "author": author, "reviewer": reviewer}
        HackVerificationReview.objects.create(**people, round=1, is_authentic=True, seconds=60)
        VerificationLease.objects.create(**people, expires_at=now)
    # One buddy has a lower key and one a higher, so that the member is in both columns of the pairs.
    for buddy in (make_member(user=make_user(id=UUID(int=uuid7().int >> 8))), make_member()):
        PracticeBuddies.objects.create(user1=member, user2=buddy)
    ReviewerSignals.objects.create(
        reviewer=member,
        **dict.fromkeys(
            [
                "reviews",
                "median_seconds",
                "reciprocal_pairs",
                "known_cases",
                "known_cases_right",
                "agreements",
                "outcomes",
            ],
            1,
        ),
    )


def react_to_everything() -> None:
    """React to all pending activities, as workers do, until none is left."""
    while pending := list(UserActivityLog.objects.pending().values_list("pk", flat=True)):
        for activity in pending:
            react(str(activity))
