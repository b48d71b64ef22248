from django.urls import path

from analytics.notifications.in_app import views

app_name = "analytics"
urlpatterns = [
    path("notifications/", views.notification_list, name="notification-list"),
    path("notifications/read/", views.notification_read_all, name="notification-read-all"),
    path("notifications/<uuid:notification_id>/open/", views.notification_open, name="notification-open"),
    path("notifications/<uuid:notification_id>/read/", views.notification_read, name="notification-read"),
]
