from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import pre_migrate


class DatabaseConfig(AppConfig):
    name = "database"

    def ready(self) -> None:
        from database.checks import SQL_FILES_TAG, check_sql_files
        from database.sql_files import make_way_for_migrations

        register(check_sql_files, SQL_FILES_TAG)
        pre_migrate.connect(make_way_for_migrations, sender=self)
