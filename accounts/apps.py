from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    # Beside allauth's "Accounts", which holds the e-mail addresses.
    verbose_name = "People"

    def ready(self) -> None:
        import_module("accounts.receivers")
