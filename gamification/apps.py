from importlib import import_module

from django.apps import AppConfig


class GamificationConfig(AppConfig):
    name = "gamification"

    def ready(self) -> None:
        import_module("gamification.discord.receivers")
        import_module("gamification.discord.tasks")
        import_module("hacks.dependants").DEPENDANT_FINDERS.append(
            import_module("gamification.admin_forms").dependants_of
        )
