from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.discord.views import DiscordOAuth2Adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings

from accounts.providers.keys import NeedsKeys


class DiscordAdapter(NeedsKeys, DiscordOAuth2Adapter):
    """allauth's adapter with configurable URLs. It also rejects an error response where allauth's would accept it."""

    def __init__(self, request):
        super().__init__(request)
        base = settings.SOCIALACCOUNT_PROVIDERS["discord"]["URL"]
        self.authorize_url = f"{base}/api/oauth2/authorize"
        self.access_token_url = f"{base}/api/oauth2/token"
        self.profile_url = f"{base}/api/users/@me"

    def complete_login(self, request, app, token, **kwargs):
        with get_adapter().get_requests_session() as session:
            response = session.get(self.profile_url, headers={"Authorization": f"Bearer {token.token}"})
            if not response.ok:
                raise OAuth2Error("Discord did not return the user.")
            return self.get_provider().sociallogin_from_response(request, response.json())


oauth2_login = OAuth2LoginView.adapter_view(DiscordAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(DiscordAdapter)
