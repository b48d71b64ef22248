from django.urls import path

from dev.bench.bare.views import entries

urlpatterns = [path("", entries)]
