from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        # Each app's news.py registers the destinations of its notifications.
        autodiscover_modules("news")
