import logging
import math
import os
import time
from contextlib import suppress

from celery import Celery
from celery.signals import after_setup_logger, heartbeat_sent
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
os.environ.setdefault("NRGHAX_PROCESS", "worker")

HEARTBEAT = "nrghax.tasks.heartbeat"
HEARTBEAT_SECONDS = 15

app = Celery("nrghax")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@after_setup_logger.connect
def _keep_heartbeats_out(logger: logging.Logger, **kwargs) -> None:
    """Filter heartbeats out of the worker's log: four a minute would bury the other messages."""
    for handler in logger.handlers:
        handler.addFilter(lambda record: HEARTBEAT not in record.getMessage())


class HeartbeatSender:
    """Enqueues a heartbeat task four times a minute, so that /readyz sees a worker do work even without beat."""

    sent_at = -math.inf

    def __call__(self, **kwargs) -> None:
        if time.monotonic() - self.sent_at >= HEARTBEAT_SECONDS:
            self.sent_at = time.monotonic()
            with suppress(OperationalError):
                app.send_task(HEARTBEAT, expires=HEARTBEAT_SECONDS)


heartbeat_sent.connect(HeartbeatSender(), weak=False)
