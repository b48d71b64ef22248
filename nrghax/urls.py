from django.contrib import admin
from django.urls import include, path

from nrghax.health import healthz, readyz

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("analytics.urls")),
    path("", include("hacks.urls")),
    path("", include("practice.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
