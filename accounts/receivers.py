"""Receivers of other packages' signals. Each calls one action."""

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.socialaccount.models import SocialAccount
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from accounts.actions import end_sessions, mirror_discord


@receiver([post_save, post_delete], sender=SocialAccount)
def on_connected_account(instance: SocialAccount, **kwargs) -> None:
    mirror_discord(user_id=instance.user_id)


@receiver([password_changed, password_set, password_reset])
def on_new_password(request, user, **kwargs) -> None:
    """Delete the other sessions. Django would reject them anyway, but they would stay in the table and the cache."""
    end_sessions(user=user, kept=request.session.session_key)
