"""Google's URLs, without allauth's URL for Google's own button, which we don't show."""

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from accounts.providers.google.provider import GoogleProvider

urlpatterns = default_urlpatterns(GoogleProvider)
