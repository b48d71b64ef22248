from django.urls import path

from gamification.views import progress

app_name = "gamification"
urlpatterns = [
    path("progress/", progress.progress, name="progress"),
]
