from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "nrghax.admin_site.AdminSite"


class NrghaxConfig(AppConfig):
    default = True
    name = "nrghax"

    def ready(self) -> None:
        # Tasks are sent through our Celery application from every process. It is not imported by the package
        # itself: that would name the process a worker, with the worker's rights, before wsgi.py says web.
        import_module("nrghax.celery")
