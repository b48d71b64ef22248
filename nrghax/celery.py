import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
os.environ.setdefault("NRGHAX_PROCESS", "worker")

app = Celery("nrghax")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _say_that_it_lives(**kwargs) -> None:
    """At once, so that /readyz need not wait for beat's first round."""
    app.send_task("nrghax.tasks.heartbeat")
