from django.urls import path

from accounts import security, views

app_name = "accounts"
urlpatterns = [
    path("welcome/", views.onboarding, name="onboarding"),
    path("welcome/username/", views.username_check, name="username-check"),
    path("accounts/security/", security.security, name="security"),
    # In place of allauth's page at the same address.
    path("accounts/sessions/", security.session_list, name="session-list"),
]
