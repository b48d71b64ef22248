"""The pages of the settings. Each app registers its own in its settings_pages.py."""

from typing import NamedTuple


class SettingsPage(NamedTuple):
    place: int  # pages stand in this order
    route: str
    icon: str
    title: str
    text: str
    within: tuple[str, ...] = ()  # how the routes begin that belong to the page besides its own


_pages: list[SettingsPage] = []


def register_settings_pages(*pages: SettingsPage) -> None:
    _pages.extend(pages)
    _pages.sort()


def registered_pages() -> list[SettingsPage]:
    return _pages


register_settings_pages(
    SettingsPage(
        10, "accounts:settings-profile", "user-round", "Profile", "Your name, username and a few words about you"
    ),
    SettingsPage(20, "accounts:settings-day", "clock", "Day and time", "Your time zone, and when your day begins"),
    SettingsPage(40, "accounts:settings-privacy", "eye-off", "Privacy", "Who sees your profile, totals and streak"),
    SettingsPage(50, "account_email", "mail", "Email", "The address that you log in with"),
    SettingsPage(
        60, "account_change_password", "key-round", "Password", "Change it whenever you like", ("account_set_password",)
    ),
    SettingsPage(
        70,
        "accounts:security",
        "shield-check",
        "Security",
        "Two-step login, passkeys, connected accounts, and where you're logged in",
        ("mfa_", "socialaccount_", "accounts:logins"),
    ),
    SettingsPage(80, "account_logout", "log-out", "Log out", "On this device"),
)
