from django.urls import path

from gamification.views import leaderboards, progress

app_name = "gamification"
urlpatterns = [
    path("progress/", progress.progress, name="progress"),
    path("leaderboard/", leaderboards.leaderboard, name="leaderboard"),
]
