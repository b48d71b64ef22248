from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    # Beside allauth's "Accounts", which holds the e-mail addresses.
    verbose_name = "People"
