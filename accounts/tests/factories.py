import re
from itertools import count

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client

from accounts.models import Member, Profile, User
from database.identity import Role, database_identity

PASSWORD = "a calm breath of air"

_numbers = count(1)


def make_user(*, email: str | None = None, verified: bool = True, **fields) -> User:
    """Create a user with a password and an email address. The trigger creates the member and the profile."""
    with database_identity(Role.WORKER):
        user = User.objects.create_user(email or f"person{next(_numbers)}@example.com", PASSWORD, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
        return user


def make_member(*, user: User | None = None, onboarded: bool = True, profile: dict | None = None, **card) -> Member:
    """Create an onboarded member. `card` sets fields of the member, `profile` fields of the profile."""
    user = user or make_user()
    with database_identity(Role.WORKER):
        card.setdefault("display_name", f"Person {user.email.partition('@')[0]}")
        Member.objects.filter(pk=user.pk).update(**card)
        Profile.objects.filter(pk=user.pk).update(onboarding_completed=onboarded, **(profile or {}))
        return Member.objects.select_related("user", "profile", "stats").get(pk=user.pk)


def make_staff(*codenames: str, email: str | None = None, is_superuser: bool = False) -> Member:
    """Create a member of staff with the permissions of these codenames."""
    user = make_user(email=email, is_staff=True, is_superuser=is_superuser)
    with database_identity(Role.OWNER):
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return make_member(user=user)


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def sent_path() -> str:
    """Return the path of the link in the last email."""
    return re.search(r"https?://testserver(/\S+)", mail.outbox[-1].body).group(1)
