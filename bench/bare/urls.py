from django.urls import path

from bench.bare.views import entries

urlpatterns = [path("", entries)]
