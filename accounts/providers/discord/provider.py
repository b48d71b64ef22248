from allauth.socialaccount.providers.discord.provider import DiscordProvider as AllauthDiscordProvider

from accounts.providers.discord.views import DiscordAdapter

EXTRA_DATA_KEYS = ("id", "username", "global_name", "discriminator", "avatar")


class DiscordProvider(AllauthDiscordProvider):
    oauth2_adapter_class = DiscordAdapter

    def extract_extra_data(self, data):
        """Keep only the data that the profile shows. Discord also sends the locale, flags and more."""
        return {key: data[key] for key in EXTRA_DATA_KEYS if key in data}


provider_classes = [DiscordProvider]
