from allauth.socialaccount.providers.google.provider import GoogleProvider as AllauthGoogleProvider

from accounts.providers.google.views import GoogleAdapter

KEPT = ("sub", "id", "name", "email")


class GoogleProvider(AllauthGoogleProvider):
    oauth2_adapter_class = GoogleAdapter

    def extract_extra_data(self, data):
        """Only what the page of connected accounts shows."""
        return {key: data[key] for key in KEPT if key in data}


provider_classes = [GoogleProvider]
