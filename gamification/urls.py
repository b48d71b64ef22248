from django.urls import path

from gamification.views import achievements, challenges, leaderboards, progress

app_name = "gamification"
urlpatterns = [
    path("progress/", progress.progress, name="progress"),
    path("progress/celebrated/", progress.celebrated, name="celebrated"),
    path("progress/history/", progress.xp_ledger, name="xp-ledger"),
    path("progress/how-it-works/", progress.xp_rules, name="xp-rules"),
    path("achievements/", achievements.achievement_list, name="achievement-list"),
    path("achievements/<slug:slug>/", achievements.achievement_detail, name="achievement-detail"),
    path("achievements/<slug:slug>/discord/", achievements.retry_discord, name="achievement-discord"),
    path("challenges/", challenges.challenge_list, name="challenge-list"),
    path("challenges/<slug:slug>/", challenges.challenge_detail, name="challenge-detail"),
    path("challenges/<slug:slug>/join/", challenges.join, name="challenge-join"),
    path("challenges/<slug:slug>/leave/", challenges.leave, name="challenge-leave"),
    path("leaderboard/", leaderboards.leaderboard, name="leaderboard"),
]
