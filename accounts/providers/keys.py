from django.http import Http404


class NeedsKeys:
    """In front of an OAuth2Adapter: without keys in the environment a provider's addresses are not there."""

    def get_provider(self):
        provider = super().get_provider()
        if not provider.app.client_id:
            raise Http404("This provider has no keys.")
        return provider
