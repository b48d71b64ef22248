from allauth.socialaccount.providers.google.provider import GoogleProvider as AllauthGoogleProvider

from accounts.providers.google.views import GoogleAdapter

EXTRA_DATA_KEYS = ("sub", "id", "name", "email")


class GoogleProvider(AllauthGoogleProvider):
    oauth2_adapter_class = GoogleAdapter

    def extract_extra_data(self, data):
        """Keep only the data that the page of connected accounts shows."""
        return {key: data[key] for key in EXTRA_DATA_KEYS if key in data}


provider_classes = [GoogleProvider]
