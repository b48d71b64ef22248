from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import pre_migrate


class DatabaseConfig(AppConfig):
    name = "database"

    def ready(self) -> None:
        from database.checks import check_sql_files
        from database.sql_files import make_way_for_migrations

        register("sql_files")(check_sql_files)
        pre_migrate.connect(make_way_for_migrations, sender=self)
