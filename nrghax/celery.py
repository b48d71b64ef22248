import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
os.environ.setdefault("NRGHAX_PROCESS", "worker")

app = Celery("nrghax")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
