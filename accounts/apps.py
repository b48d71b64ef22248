from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "accounts"
    # Beside allauth's "Accounts", which holds the e-mail addresses.
    verbose_name = "People"

    def ready(self) -> None:
        import_module("accounts.receivers")
        autodiscover_modules("settings_pages")
