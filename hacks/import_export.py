"""Hacks in and out as CSV and JSON. An import is tried first, names each bad row, and is all or nothing."""

import re
from json import JSONDecodeError

from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from import_export.admin import ImportExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, JSON
from import_export.resources import ModelResource
from import_export.results import RowResult
from import_export.tmp_storages import CacheStorage
from import_export.widgets import BooleanWidget, ForeignKeyWidget, IntegerWidget, JSONWidget
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from accounts.history import Change, in_words, log_changes
from hacks import rules
from hacks.models import Hack, HackCategory

COLUMNS = (
    "slug",
    "name",
    "category",
    "short_description",
    "description",
    "text_guide",
    "content_url",
    "duration_minutes",
    "position",
    "difficulty_level",
    "prerequisite_hack",
    "unlock_criteria",
    "requires_verification",
    "verification_questions",
    "verification_practice_count",
    "reviewer_practice_count",
    "is_gateway",
    "is_active",
)


WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


class UploadGone(Exception):
    """The upload waited for its confirmation for too long, or the cache was emptied."""


class UploadStorage(CacheStorage):
    CACHE_LIFETIME = 60 * 60

    def read(self):
        if (data := super().read()) is None:
            raise UploadGone
        return data


class SwitchWidget(BooleanWidget):
    """The library takes a typo for "off"; this refuses it."""

    def clean(self, value, row=None, **kwargs):
        word = str(value).strip().lower()
        if word in ("1", "true", "yes"):
            return True
        if word in ("0", "false", "no"):
            return False
        raise ValueError(f"“{value}” is neither yes nor no.")


class NumberWidget(IntegerWidget):
    """The library cuts off what stands after the point, and puts what is no number in its own words."""

    def clean(self, value, row=None, **kwargs):
        word = "" if value is None else str(value).strip()
        if word and not WHOLE_NUMBER.fullmatch(word):
            raise ValueError(f"“{value}” is no whole number.")
        return int(word) if word else None


class PartsWidget(JSONWidget):
    def clean(self, value, row=None, **kwargs):
        try:
            return super().clean(value, row, **kwargs)
        except JSONDecodeError as error:
            raise ValueError(f"“{value}” is not JSON.") from error


class NamedWidget(ForeignKeyWidget):
    def clean(self, value, row=None, **kwargs):
        try:
            return super().clean(value, row, **kwargs)
        except self.model.DoesNotExist as missing:
            what = self.model._meta.verbose_name
            words = f"There is no {what} “{value}”; what a hack builds on has to stand before it."
            raise ValueError(words) from missing


class HackResource(ModelResource):
    WIDGETS_MAP = {
        **ModelResource.WIDGETS_MAP,
        "IntegerField": NumberWidget,
        "PositiveSmallIntegerField": NumberWidget,
    }

    category = Field("category", "category", NamedWidget(HackCategory, "name"))
    prerequisite_hack = Field("prerequisite_hack", "prerequisite_hack", NamedWidget(Hack, "slug"))
    unlock_criteria = Field("unlock_criteria", "unlock_criteria", PartsWidget(), default=dict)
    verification_questions = Field("verification_questions", "verification_questions", PartsWidget(), default=list)
    requires_verification = Field("requires_verification", "requires_verification", SwitchWidget())
    is_gateway = Field("is_gateway", "is_gateway", SwitchWidget())
    is_active = Field("is_active", "is_active", SwitchWidget())

    class Meta:
        model = Hack
        fields = export_order = COLUMNS
        import_id_fields = ("slug",)
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def before_import(self, dataset, **kwargs) -> None:
        unknown = [header for header in dataset.headers or [] if header not in COLUMNS]
        if unknown:
            raise ValueError(f"There is no column {', '.join(map(repr, unknown))}; there are {', '.join(COLUMNS)}.")

        self.row_of_slug: dict[str, int] = {}

    def before_import_row(self, row, row_number=None, **kwargs) -> None:
        """Of two rows of one hack the second would silently win."""
        slug = str(row.get("slug") or "").strip()
        if slug and (first := self.row_of_slug.setdefault(slug, row_number)) != row_number:
            raise ValidationError({"slug": f"“{slug}” stands in row {first} already."})

    def iter_queryset(self, queryset):
        """Each after the one it builds on, as an import needs them."""
        prerequisites = dict(Hack.objects.values_list("pk", "prerequisite_hack"))
        hacks = queryset.select_related("category", "prerequisite_hack")
        return iter(sorted(hacks, key=lambda hack: len(rules.way_to(hack.pk, prerequisites))))


class ExchangesHacks(ImportExportMixin):
    resource_classes = [HackResource]
    formats = [CSV, JSON]
    import_form_class = ImportForm
    export_form_class = ExportForm
    tmp_storage_class = UploadStorage
    to_encoding = "utf-8"

    def has_import_permission(self, request) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def has_export_permission(self, request) -> bool:
        return self.has_view_permission(request)

    def get_import_data_kwargs(self, **kwargs):
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def add_data_read_fail_error_to_form(self, form, e) -> None:
        """The library names the exception; staff want to know what to do."""
        form.add_error("import_file", "It can't be read. Is it a table in the format below, and saved as UTF-8?")

    def process_import(self, request, **kwargs):
        try:
            return super().process_import(request, **kwargs)
        except UploadGone:
            messages.error(request, "The uploaded file is gone: choose it again. Nothing was changed.")
            return redirect("admin:hacks_hack_import")

    def process_result(self, result, request):
        """Between the dry run and this, somebody may have changed what the rows stand on."""
        if result.has_errors() or result.has_validation_errors():
            messages.error(request, "The library has changed since the dry run. Nothing was imported: try it again.")
            return redirect("admin:hacks_hack_import")
        return super().process_result(result, request)

    def generate_log_entries(self, result, request) -> None:
        rows = {
            kind: [row for row in result if row.import_type == kind]
            for kind in (RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE)
        }
        for row in rows[RowResult.IMPORT_TYPE_NEW]:
            LogEntry.objects.log_actions(
                request.user.pk, [row.instance], ADDITION, change_message=[{"added": {}}], single_object=True
            )
        changed = [(row.instance, _changes(row.original, row.instance)) for row in rows[RowResult.IMPORT_TYPE_UPDATE]]
        log_changes(user=request.user, changed=changed)


def _changes(before: Hack, after: Hack) -> list[Change]:
    """What a row has changed, in the words of the history."""
    pairs = [
        (Hack._meta.get_field(name).verbose_name, in_words(getattr(before, name)), in_words(getattr(after, name)))
        for name in COLUMNS
    ]
    return [Change(str(label), old, new) for label, old, new in pairs if old != new]
