from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.models import Member
from analytics.actions import record
from analytics.models import Activity, Notification
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from nrghax.identity import Role, database_identity
from practice.models import RestDay, Trip
from practice.tests.factories import make_checkin, make_session


def leave_traces(member: Member) -> None:
    """Make a row in each table that points to a person; accounts/tests/test_users.py says which is missing."""
    hack, chosen = HackFactory.create_batch(2)
    now = timezone.now()
    make_session(member, hack, started_at=now - timedelta(hours=2))
    make_session(member, hack, started_at=now, ended_at=None)
    for days in range(3):
        make_checkin(member, now.date() - timedelta(days=days), selected_hack=chosen)
    RestDay.objects.create(user=member, rest_date=now.date() + timedelta(days=1))
    UserHackProgress.objects.get_or_create(user=member, hack=chosen, defaults={"notes": "mine"})
    Notification.objects.create(user=member, type="hack_unlocked", subject="x", title="Open")
    record(member.pk, Activity.SESSION_LOGGED)
    for number in range(2):
        Member.objects.filter(pk=member.pk).update(username=f"name_{number}_{member.pk.hex[-8:]}")
    Trip.objects.create(user=member, zone="Asia/Tokyo", starts_on=now.date(), ends_on=now.date())
    SocialAccount.objects.create(user=member.user, provider="google", uid=str(member.pk))
    Authenticator.objects.create(user=member.user, type=Authenticator.Type.TOTP, data={"secret": "sealed"})
    UserSession.objects.create(user=member.user, ip="127.0.0.1", session_key=member.pk.hex)
    with database_identity(Role.STAFF):
        group, _ = Group.objects.get_or_create(name="Curators")
        member.user.groups.add(group)
        member.user.user_permissions.add(Permission.objects.first())
        LogEntry.objects.log_actions(member.user.pk, [hack], CHANGE, single_object=True)
