from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView

from accounts.providers.keys import NeedsKeys


class GoogleAdapter(NeedsKeys, GoogleOAuth2Adapter):
    """allauth's adapter, disabled without keys. It already reads its URLs from SOCIALACCOUNT_PROVIDERS."""


oauth2_login = OAuth2LoginView.adapter_view(GoogleAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(GoogleAdapter)
