from django.urls import path

from gamification.views import achievements, leaderboards, progress

app_name = "gamification"
urlpatterns = [
    path("progress/", progress.progress, name="progress"),
    path("achievements/", achievements.achievement_list, name="achievement-list"),
    path("achievements/<slug:slug>/", achievements.achievement_detail, name="achievement-detail"),
    path("leaderboard/", leaderboards.leaderboard, name="leaderboard"),
]
