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
        # Every process sends tasks through our Celery application. The package itself must not import it: that would
        # set NRGHAX_PROCESS to "worker", with the worker's rights, before wsgi.py sets "web".
        import_module("nrghax.celery")
