from celery import current_app
from django.conf import settings


def test_scheduled_tasks_exist():
    assert settings.CELERY_BEAT_SCHEDULE
    current_app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in current_app.tasks
