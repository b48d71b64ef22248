"""Writes on accounts that span rows."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.models import Member, Profile, User


class UsernameTakenError(Exception):
    """Another member has the username, perhaps since a moment ago."""


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
    """Write what the member says on the welcome page; raises `UsernameTakenError` and then writes nothing."""
    switches = {"leaderboard_visible": leaderboard_visible, "profile_public": profile_public}
    try:
        with transaction.atomic():
            Member.objects.filter(pk=member.pk).update(
                username=username,
                display_name=display_name,
                privacy_settings={**member.privacy_settings, **switches},
            )
    except IntegrityError as error:
        if "users_username_unique" in str(error):
            raise UsernameTakenError from error
        raise
    Profile.objects.filter(pk=member.pk).update(
        timezone=timezone, selected_path=selected_path, onboarding_completed=True
    )


@transaction.atomic
def replace_email(*, user: User) -> None:
    """Make `user.email`, which staff have just changed, the only address; its owner confirms it at the next login."""
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
