from django.http import Http404


class NeedsKeys:
    """Mixin for an OAuth2Adapter: the provider's URLs answer 404 if the environment has no keys for it."""

    def get_provider(self):
        provider = super().get_provider()
        if not provider.app.client_id:
            raise Http404("This provider has no keys.")
        return provider
