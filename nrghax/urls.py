from django.contrib import admin
from django.urls import include, path, re_path

from accounts.urls import app_name as accounts
from accounts.urls import urlpatterns as accounts_patterns
from nrghax.health import healthz, readyz
from nrghax.onboarding import first_hack
from nrghax.profiles import profile
from nrghax.views import favicon, home

# In the namespace of accounts, whose member cards link to it. The view is here because it shows data of several apps.
profile_pattern = re_path(r"^@(?P<username>[A-Za-z0-9_]{3,30})/$", profile, name="profile")

urlpatterns = [
    path("", home, name="home"),
    path("", include(([*accounts_patterns, profile_pattern], accounts))),
    path("welcome/first-hack/", first_hack, name="first-hack"),
    path("", include("analytics.notifications.in_app.urls")),
    path("", include("hacks.urls")),
    path("", include("practice.urls")),
    path("", include("gamification.urls")),
    path("", include("community.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    # Browsers request this path even if a page links to another icon.
    path("favicon.ico", favicon),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
