from importlib import import_module

from django.apps import AppConfig


class GamificationConfig(AppConfig):
    name = "gamification"

    def ready(self) -> None:
        import_module("gamification.receivers")
        import_module("hacks.dependants").NAMING.append(import_module("gamification.curation").naming)
