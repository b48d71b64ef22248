from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from accounts.error_messages import set_error_messages


class AccountsConfig(AppConfig):
    name = "accounts"
    # allauth's app is called "Accounts" in the admin; it holds the email addresses.
    verbose_name = "People"

    def __init__(self, *args) -> None:
        super().__init__(*args)
        # ready() would be too late: the admin has imported forms by then.
        set_error_messages()

    def ready(self) -> None:
        import_module("accounts.receivers")
        autodiscover_modules("settings_pages")
