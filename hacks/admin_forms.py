"""The admin form of a hack: fields for its JSON columns and a preview of its guide."""

from typing import Any

from django.forms import BooleanField, Field, IntegerField, ModelForm, MultiValueField, MultiWidget, Script, Widget
from django.urls import reverse_lazy
from unfold.widgets import (
    INPUT_CLASSES,
    PROSE_CLASSES,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from hacks.models import Hack

# Empty rows for further questions, so that adding one works without JavaScript.
BLANK_ROWS = 2


class CriteriaWidget(MultiWidget):
    template_name = "admin/widgets/criteria.html"
    criteria = {"practice_count": "Practices", "days_active": "Different days", "verified": "Verified by peers"}

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        bounds = {"min": 1, "max": 1000}
        widgets = {name: UnfoldAdminIntegerFieldWidget(bounds) for name in self.criteria}
        super().__init__({**widgets, "verified": UnfoldBooleanWidget()}, attrs)

    def decompress(self, value: dict[str, int] | None) -> list[int | None]:
        return [(value or {}).get(name) for name in self.criteria]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for subwidget, label in zip(context["widget"]["subwidgets"], self.criteria.values(), strict=True):
            subwidget["label"] = label
        return context


class CriteriaField(MultiValueField):
    widget = CriteriaWidget

    def __init__(self, **kwargs) -> None:
        fields = {name: IntegerField(min_value=1, max_value=1000, required=False) for name in CriteriaWidget.criteria}
        fields["verified"] = BooleanField(required=False)
        super().__init__(list(fields.values()), require_all_fields=False, **kwargs)

    def compress(self, data_list: list[int | bool | None]) -> dict[str, int]:
        pairs = zip(CriteriaWidget.criteria, data_list, strict=False)
        return {name: int(number) for name, number in pairs if number}


class QuestionsWidget(Widget):
    template_name = "admin/widgets/questions.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"rows": [*(value or []), *[""] * BLANK_ROWS], "classes": " ".join(INPUT_CLASSES)}
        return context

    def value_from_datadict(self, data, files, name) -> list[str]:
        return [question.strip() for question in data.getlist(name) if question.strip()]

    def value_omitted_from_data(self, data, files, name) -> bool:
        return name not in data

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_1"


class GuideWidget(UnfoldAdminTextareaWidget):
    """A textarea with a preview of the guide beside it."""

    template_name = "admin/widgets/guide.html"

    class Media:
        js = [Script("js/guide_preview.js", type="module")]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"preview_url": reverse_lazy("admin:hacks_hack_preview"), "prose": " ".join(PROSE_CLASSES)}
        return context


class LabelledListNumbersMixin:
    """A ModelAdmin mixin that labels the editable numbers of the list, because a column heading is no label."""

    def get_changelist_form(self, request, **kwargs):
        widgets = {
            name: UnfoldAdminIntegerFieldWidget({"aria-label": name.replace("_", " ").capitalize()})
            for name in self.list_editable
        }
        return super().get_changelist_form(request, widgets=widgets, **kwargs)


class NoBulkDeleteMixin:
    """A ModelAdmin mixin without bulk deletion: deleting one row at a time can explain a refusal."""

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


class HackForm(ModelForm):
    unlock_criteria = CriteriaField(
        required=False,
        help_text="What members need to do in the prerequisite. If you leave this empty, one practice is enough.",
    )
    verification_questions = Field(
        required=False,
        widget=QuestionsWidget,
        help_text="One question per row. Empty rows are ignored. Save to get more rows.",
    )

    class Meta:
        model = Hack
        fields = ["text_guide", "unlock_criteria", "verification_questions"]  # The admin adds the other fields.
        widgets = {"text_guide": GuideWidget({"rows": 28})}
