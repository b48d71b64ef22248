from django.urls import path
from django.views.generic import RedirectView

from practice.views import checkins, insight, journal, sessions, streak, timer, today, trips

app_name = "practice"
urlpatterns = [
    path("today/", today.today, name="today"),
    path("checkin/", checkins.checkin, name="checkin"),
    path("checkin/<uuid:pk>/delete/", checkins.delete, name="checkin-delete"),
    path("journal/", journal.journal, name="journal"),
    path("journal/month/", insight.month, name="journal-month"),
    path("journal/numbers/", insight.numbers, name="journal-numbers"),
    path("journal/practice/<uuid:pk>/", journal.session, name="journal-session"),
    path("journal/checkins/<uuid:pk>/", journal.checkin, name="journal-checkin"),
    path("streak/", streak.streak, name="streak"),
    path("streak/rest-days/", streak.plan_rest, name="rest-day-plan"),
    path("streak/rest-days/<uuid:pk>/delete/", streak.give_up_rest, name="rest-day-delete"),
    path("streak/hide/", streak.hide, name="streak-hide"),
    path("settings/trips/", trips.trips, name="trips"),
    path("settings/trips/<uuid:pk>/", trips.edit, name="trip-edit"),
    path("settings/trips/<uuid:pk>/delete/", trips.delete, name="trip-delete"),
    path("practice/", RedirectView.as_view(pattern_name="practice:journal"), name="session-list"),
    path("practice/log/", sessions.log, name="session-log"),
    path("practice/sessions/<uuid:pk>/", sessions.detail, name="session-detail"),
    path("practice/sessions/<uuid:pk>/edit/", sessions.edit, name="session-edit"),
    path("practice/sessions/<uuid:pk>/delete/", sessions.delete, name="session-delete"),
    path("practice/sessions/<uuid:pk>/pause/", timer.pause, name="session-pause"),
    path("practice/sessions/<uuid:pk>/resume/", timer.resume, name="session-resume"),
    path("practice/sessions/<uuid:pk>/finish/", timer.finish, name="session-finish"),
    path("practice/sessions/<uuid:pk>/discard/", timer.discard, name="session-discard"),
    path("practice/sessions/<uuid:pk>/ping/", timer.ping, name="session-ping"),
    path("practice/<slug:slug>/", timer.timer, name="timer"),
    path("practice/<slug:slug>/start/", timer.start, name="session-start"),
]
