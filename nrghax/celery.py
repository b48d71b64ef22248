import logging
import os

from celery import Celery
from celery.signals import after_setup_logger, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
os.environ.setdefault("NRGHAX_PROCESS", "worker")

HEARTBEAT = "nrghax.tasks.heartbeat"

app = Celery("nrghax")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@after_setup_logger.connect
def _keep_heartbeats_out(logger: logging.Logger, **kwargs) -> None:
    """Four a minute would drown what a reader looks for."""
    for handler in logger.handlers:
        handler.addFilter(lambda record: HEARTBEAT not in record.getMessage())


@worker_ready.connect
def _say_that_it_lives(**kwargs) -> None:
    """At once, so that /readyz need not wait for beat's first round."""
    app.send_task(HEARTBEAT)
