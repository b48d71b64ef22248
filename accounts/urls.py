from django.urls import path

from accounts import security, views

app_name = "accounts"
urlpatterns = [
    path("welcome/", views.onboarding, name="onboarding"),
    path("welcome/username/", views.username_check, name="username-check"),
    path("settings/", views.settings_overview, name="settings"),
    path("settings/profile/", views.settings_profile, name="settings-profile"),
    path("settings/day/", views.settings_day, name="settings-day"),
    path("settings/privacy/", views.settings_privacy, name="settings-privacy"),
    path("accounts/security/", security.security, name="security"),
    # Replaces allauth's page at the same URL.
    path("accounts/sessions/", security.session_list, name="logins"),
]
