"""Constraints: CHECKs written in SQL, and the name of the constraint that refused a write."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, models
from django.db.backends.ddl_references import Statement


class SqlCheck(models.BaseConstraint):
    """A CHECK in SQL, for rules on JSON that Django's expressions can't state.

    `sql` uses the table's column names. `validate` does nothing: forms and validators produce the error messages.
    """

    def __init__(self, *, sql: str, name: str) -> None:
        self.sql = sql
        super().__init__(name=name)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "sql": self.sql}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SqlCheck) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def constraint_sql(self, model, schema_editor) -> str:
        return schema_editor._check_sql(self.name, self.sql)

    def create_sql(self, model, schema_editor) -> Any:
        return schema_editor._create_check_sql(model, self.name, self.sql)

    def remove_sql(self, model, schema_editor) -> Any:
        return schema_editor._delete_check_sql(model, self.name)

    def validate(self, model, instance, exclude=None, using=None) -> None:
        """Do nothing: the SQL can only be evaluated on a stored row."""


class CompositeForeignKey(models.BaseConstraint):
    """A foreign key of several columns, with ON DELETE CASCADE. Django has none.

    It keeps columns that two tables share equal. `fields` are fields of the model; `columns` are a unique key of
    `table`.
    """

    def __init__(self, *, fields: Sequence[str], table: str, columns: Sequence[str], name: str) -> None:
        self.fields, self.table, self.columns = tuple(fields), table, tuple(columns)
        super().__init__(name=name)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "fields": self.fields, "table": self.table, "columns": self.columns}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompositeForeignKey) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def constraint_sql(self, model, schema_editor) -> Any:
        """Defer the constraint to the end of the migration, which may also create the unique key."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model, schema_editor) -> Any:
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(own)s) "
            "REFERENCES %(other)s (%(columns)s) ON DELETE CASCADE",
            table=quote(model._meta.db_table),
            name=quote(self.name),
            own=", ".join(quote(model._meta.get_field(field).column) for field in self.fields),
            other=quote(self.table),
            columns=", ".join(map(quote, self.columns)),
        )

    def remove_sql(self, model, schema_editor) -> Any:
        return schema_editor._delete_constraint_sql(schema_editor.sql_delete_constraint, model, self.name)

    def validate(self, model, instance, exclude=None, using=None) -> None:
        """Do nothing: triggers and actions fill in the columns, forms never do."""


def sql_list(values: Iterable[str]) -> str:
    """Return values as SQL literals separated by commas: 'a', 'b'.

    Values are not escaped: pass only constants of the code.
    """
    return ", ".join(f"'{value}'" for value in values)


def refused_by(error: IntegrityError) -> str:
    """Return the name of the constraint or guard that refused a write; "" if PostgreSQL names none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return (diagnosis and diagnosis.constraint_name) or ""
