"""History of changes in the admin: Django's log, extended by the old and new values."""

import json
from typing import Any, NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models

MAX_LENGTH = 20_000


class Change(NamedTuple):
    field: str
    before: str
    after: str


def in_words(value: Any) -> str:
    """Return a value as text for the log."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{key}: {each}" for key, each in value.items())
        case list() | tuple():
            return "\n".join(str(each) for each in value)
    return str(value)[:MAX_LENGTH]


def change_message(changes: list[Change]) -> list[dict[str, Any]]:
    """Return a message for Django's log: the fields for its "Changed …" line, and our values."""
    return [{"changed": {"fields": [change.field for change in changes], "values": [list(each) for each in changes]}}]


def changes_in(entry: LogEntry) -> list[Change]:
    """Return the changes of a log entry; entries written without values have none."""
    try:
        parts = json.loads(entry.change_message)
    except ValueError:
        return []
    changed = [part.get("changed") or {} for part in parts] if isinstance(parts, list) else []
    return [Change(*each) for part in changed for each in part.get("values", [])]


def log_changes(*, user: models.Model, changed: list[tuple[models.Model, list[Change]]]) -> None:
    for row, changes in changed:
        message = change_message(changes)
        LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=message, single_object=True)


class RemembersChanges:
    """ModelAdmin mixin: log old and new values, and show them on the history page."""

    object_history_template = "admin/history_with_values.html"

    def construct_change_message(self, request, form, formsets, add=False):
        message = super().construct_change_message(request, form, formsets, add)
        if add or not form.changed_data:
            return message
        own, *related = message
        changes = [self._change_of(form, name) for name in form.changed_data]
        return [{"changed": {**own["changed"], "values": [list(change) for change in changes]}}, *related]

    def _change_of(self, form, name: str) -> Change:
        field = form.fields[name]
        before = form.initial.get(name, field.initial)
        if (choices := getattr(field, "queryset", None)) is not None and before:
            before = choices.filter(pk=before).first()
        label = self.model._meta.get_field(name).verbose_name
        return Change(str(label), in_words(before), in_words(form.cleaned_data.get(name)))

    def history_view(self, request, object_id, extra_context=None):
        response = super().history_view(request, object_id, extra_context)
        if page := getattr(response, "context_data", {}).get("action_list"):
            page.object_list = list(page.object_list)
            for entry in page.object_list:
                entry.changes = changes_in(entry)
        return response
