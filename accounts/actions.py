"""Writes on accounts that span rows."""

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Member, Profile, User
from accounts.providers.discord.identity import AVATAR_BASE_URL, discord_identity
from database.constraints import refused_by


class UsernameTakenError(Exception):
    """The username belongs to another member, or is still reserved for the member who had it before."""


@transaction.atomic
def complete_onboarding(
    *,
    member: Member,
    username: str,
    display_name: str,
    timezone: str,
    selected_path: str,
    leaderboard_visible: bool,
    profile_public: bool,
) -> None:
    """Save the answers of the welcome page. Raise `UsernameTakenError`, and write nothing, if the username is taken."""
    _set_names(member, username, display_name)
    _set_privacy(member, leaderboard_visible=leaderboard_visible, profile_public=profile_public)
    Profile.objects.filter(pk=member.pk).update(
        timezone=timezone, selected_path=selected_path, onboarding_completed=True
    )


@transaction.atomic
def change_profile(*, member: Member, username: str, display_name: str, bio: str, selected_path: str) -> None:
    """Save the profile settings. Raise `UsernameTakenError`, and write nothing, if the username is taken."""
    _set_names(member, username, display_name)
    Profile.objects.filter(pk=member.pk).update(bio=bio, selected_path=selected_path)


@transaction.atomic
def change_privacy(*, member: Member, leaderboard_visible: bool, profile_public: bool, hide_streaks: bool) -> None:
    _set_privacy(member, leaderboard_visible=leaderboard_visible, profile_public=profile_public)
    Profile.objects.filter(pk=member.pk).update(hide_streaks=hide_streaks)


def _set_names(member: Member, username: str, display_name: str) -> None:
    try:
        with transaction.atomic():
            Member.objects.filter(pk=member.pk).update(username=username, display_name=display_name)
    except IntegrityError as error:
        if refused_by(error) in ("users_username_unique", "users_username_reserved"):
            raise UsernameTakenError from error
        raise


def _set_privacy(member: Member, **switches: bool) -> None:
    """Set these privacy switches; the others stay as they are."""
    Member.objects.filter(pk=member.pk).update(privacy_settings={**member.privacy_settings, **switches})


@transaction.atomic
def replace_email(*, user: User) -> None:
    """Make `user.email` the only address, after staff have changed it. The user confirms it at the next login."""
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})


@transaction.atomic
def mirror_discord(*, user_id: UUID) -> None:
    """Copy the connected Discord account to the profile: the one used last, or none.

    Set the Discord avatar only if the member has no picture from elsewhere. Remove it when the account is disconnected.
    """
    accounts = SocialAccount.objects.filter(user_id=user_id, provider="discord")
    account = accounts.order_by("-last_login", "-pk").first()
    identity = discord_identity(account.extra_data if account else {})
    Profile.objects.filter(pk=user_id).update(
        discord_id=identity.id or None,
        discord_username=identity.username,
        discord_discriminator=identity.discriminator,
    )
    replaceable = Q(avatar_url="") | Q(avatar_url__startswith=AVATAR_BASE_URL)
    Member.objects.filter(replaceable, pk=user_id).update(avatar_url=identity.avatar_url)


@transaction.atomic
def end_sessions(*, user: User, kept: str | None = None, only: int | None = None) -> int:
    """End all sessions of the user but `kept`, a session key. With `only`, end just that row. Return how many ended."""
    sessions = UserSession.objects.filter(user=user).exclude(session_key=kept)
    if only is not None:
        sessions = sessions.filter(pk=only)
    ended = list(sessions)
    for session in ended:
        session.end()
    return len(ended)
