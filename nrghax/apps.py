from importlib import import_module

from django.apps import AppConfig


class NrghaxConfig(AppConfig):
    name = "nrghax"

    def ready(self) -> None:
        # Tasks are sent through our Celery application from every process. It is not imported by the package
        # itself: that would name the process a worker, with the worker's rights, before wsgi.py says web.
        import_module("nrghax.celery")
