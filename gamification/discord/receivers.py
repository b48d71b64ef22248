from allauth.socialaccount.models import SocialAccount
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from gamification.discord.actions import follow_discord_account


@receiver([post_save, post_delete], sender=SocialAccount)
def on_connected_account(instance: SocialAccount, **kwargs) -> None:
    if instance.provider == "discord":
        follow_discord_account(member_id=instance.user_id)
