from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import pre_migrate


class DatabaseConfig(AppConfig):
    name = "database"

    def ready(self) -> None:
        from database.checks import check_sql_files
        from database.sql_files import drop_objects_before_unapplying

        register("sql_files")(check_sql_files)
        pre_migrate.connect(drop_objects_before_unapplying, sender=self)
