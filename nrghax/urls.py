from django.contrib import admin
from django.urls import include, path

from nrghax.health import healthz, readyz
from nrghax.onboarding import first_hack
from nrghax.views import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("accounts.urls")),
    path("welcome/first-hack/", first_hack, name="first-hack"),
    path("", include("analytics.urls")),
    path("", include("hacks.urls")),
    path("", include("practice.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
