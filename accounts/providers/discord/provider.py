from allauth.socialaccount.providers.discord.provider import DiscordProvider as AllauthDiscordProvider

from accounts.providers.discord.views import DiscordAdapter

KEPT = ("id", "username", "global_name", "discriminator", "avatar")


class DiscordProvider(AllauthDiscordProvider):
    oauth2_adapter_class = DiscordAdapter

    def extract_extra_data(self, data):
        """Only what the profile shows: Discord tells more, locale and phone flags among it."""
        return {key: data[key] for key in KEPT if key in data}


provider_classes = [DiscordProvider]
