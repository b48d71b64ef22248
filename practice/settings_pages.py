from accounts.settings_pages import SettingsPage, register_settings_pages

register_settings_pages(
    SettingsPage(30, "practice:trips", "map", "Trips", "Follow local time while you travel", ("practice:trip-",))
)
