"""What workers do with roles on Discord, and what they remember of them."""

from datetime import timedelta

from django.utils import timezone

from gamification.discord.actions import send_discord_roles, want_discord_roles
from gamification.models import DiscordRoleGrant


def grant(**fields) -> DiscordRoleGrant:
    """Return the only grant with these fields."""
    return DiscordRoleGrant.objects.get(**fields)


def send(after: timedelta = timedelta()):
    """Send what is due, after a time from now."""
    return send_discord_roles(now=timezone.now() + after)


def settle():
    """Find what is wanted, and send it."""
    want_discord_roles()
    return send()
