"""Import and export of hacks as CSV and JSON. An import starts with a dry run, reports each bad row, and is atomic."""

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


class UploadExpired(Exception):
    """The upload was not confirmed in time, or the cache was cleared."""


class UploadStorage(CacheStorage):
    CACHE_LIFETIME = 60 * 60

    def read(self):
        if (data := super().read()) is None:
            raise UploadExpired
        return data


class StrictBooleanWidget(BooleanWidget):
    """Rejects unknown words, which import_export would read as false."""

    def clean(self, value, row=None, **kwargs):
        word = str(value).strip().lower()
        if word in ("1", "true", "yes"):
            return True
        if word in ("0", "false", "no"):
            return False
        raise ValueError(f"Enter yes or no instead of “{value}”.")


class StrictIntegerWidget(IntegerWidget):
    """Rejects decimals, which import_export would truncate, with a readable message."""

    def clean(self, value, row=None, **kwargs):
        word = "" if value is None else str(value).strip()
        if word and not WHOLE_NUMBER.fullmatch(word):
            raise ValueError(f"Enter a whole number instead of “{value}”.")
        return int(word) if word else None


class StrictJSONWidget(JSONWidget):
    def clean(self, value, row=None, **kwargs):
        try:
            return super().clean(value, row, **kwargs)
        except JSONDecodeError as error:
            raise ValueError(f"“{value}” isn't valid JSON.") from error


class NamedForeignKeyWidget(ForeignKeyWidget):
    advice = ""

    def clean(self, value, row=None, **kwargs):
        try:
            return super().clean(value, row, **kwargs)
        except self.model.DoesNotExist as missing:
            kind = self.model._meta.verbose_name
            raise ValueError(f"There is no {kind} “{value}”.{self.advice}") from missing


class PrerequisiteWidget(NamedForeignKeyWidget):
    advice = " Put prerequisites in rows above the hacks that need them."


class HackResource(ModelResource):
    WIDGETS_MAP = {
        **ModelResource.WIDGETS_MAP,
        "IntegerField": StrictIntegerWidget,
        "PositiveSmallIntegerField": StrictIntegerWidget,
    }

    category = Field("category", "category", NamedForeignKeyWidget(HackCategory, "name"))
    prerequisite_hack = Field("prerequisite_hack", "prerequisite_hack", PrerequisiteWidget(Hack, "slug"))
    unlock_criteria = Field("unlock_criteria", "unlock_criteria", StrictJSONWidget(), default=dict)
    verification_questions = Field("verification_questions", "verification_questions", StrictJSONWidget(), default=list)
    requires_verification = Field("requires_verification", "requires_verification", StrictBooleanWidget())
    is_gateway = Field("is_gateway", "is_gateway", StrictBooleanWidget())
    is_active = Field("is_active", "is_active", StrictBooleanWidget())

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
            raise ValueError(
                f"Unknown column {', '.join(map(repr, unknown))}. Use these columns: {', '.join(COLUMNS)}."
            )

        self.row_of_slug: dict[str, int] = {}

    def before_import_row(self, row, row_number=None, **kwargs) -> None:
        """Reject duplicate rows for one hack, because the second would overwrite the first."""
        slug = str(row.get("slug") or "").strip()
        if slug and (first := self.row_of_slug.setdefault(slug, row_number)) != row_number:
            raise ValidationError({"slug": f"“{slug}” is already in row {first}."})

    def iter_queryset(self, queryset):
        """Return the hacks with each prerequisite first, in the order that an import needs."""
        prerequisites = dict(Hack.objects.values_list("pk", "prerequisite_hack"))
        hacks = queryset.select_related("category", "prerequisite_hack")
        return iter(sorted(hacks, key=lambda hack: len(rules.prerequisite_chain(hack.pk, prerequisites))))


class ImportExportHacksMixin(ImportExportMixin):
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
        """Tell staff what to do, instead of naming the exception as import_export does."""
        form.add_error(
            "import_file", "This file can't be read. Check that it has the chosen format and is saved as UTF-8."
        )

    def process_import(self, request, **kwargs):
        try:
            return super().process_import(request, **kwargs)
        except UploadExpired:
            messages.error(request, "Your upload has expired. Choose the file again. Nothing was imported.")
            return redirect("admin:hacks_hack_import")

    def process_result(self, result, request):
        """Report errors that the dry run did not have, because the library has changed since."""
        if result.has_errors() or result.has_validation_errors():
            messages.error(
                request, "The library has changed since the preview. Nothing was imported. Upload the file again."
            )
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
    """Return the changes that a row makes, as the history shows them."""
    pairs = [
        (Hack._meta.get_field(name).verbose_name, in_words(getattr(before, name)), in_words(getattr(after, name)))
        for name in COLUMNS
    ]
    return [Change(str(label), old, new) for label, old, new in pairs if old != new]
