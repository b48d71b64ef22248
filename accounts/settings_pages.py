"""The settings pages. Each app registers its own in its settings_pages.py."""

from typing import NamedTuple


class SettingsPage(NamedTuple):
    position: int  # pages are sorted by it
    route: str
    icon: str
    title: str
    text: str
    subroutes: tuple[str, ...] = ()  # prefixes of the other routes on which this page is the current one


_pages: list[SettingsPage] = []


def register_settings_pages(*pages: SettingsPage) -> None:
    _pages.extend(pages)
    _pages.sort()


def registered_pages() -> list[SettingsPage]:
    return _pages


register_settings_pages(
    SettingsPage(
        10, "accounts:settings-profile", "user-round", "Profile", "Your name, your username and a few words about you"
    ),
    SettingsPage(20, "accounts:settings-day", "clock", "Day and time", "Your time zone, and when your day begins"),
    SettingsPage(40, "accounts:settings-privacy", "eye-off", "Privacy", "Who can see your profile, totals and streak"),
    SettingsPage(50, "account_email", "mail", "Email", "The address you log in with"),
    SettingsPage(
        60, "account_change_password", "key-round", "Password", "Change your password", ("account_set_password",)
    ),
    SettingsPage(
        70,
        "accounts:security",
        "shield-check",
        "Security",
        "Second step, passkeys, connected accounts, and where you're logged in",
        ("mfa_", "socialaccount_", "accounts:logins"),
    ),
    SettingsPage(80, "account_logout", "log-out", "Log out", "On this device"),
)
