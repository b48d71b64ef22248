"""The form with which staff write an achievement: fields for what the database keeps as JSON, and who would earn it."""

from typing import Any

from django.forms import ChoiceField, IntegerField, ModelForm, MultiValueField, MultiWidget
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from gamification.actions import Candidates, preview_achievement
from gamification.kinds import KINDS, MOST
from gamification.models import Achievement
from hacks.models import Hack, HackCategory

# The name of the button that looks and saves nothing.
CHECK = "_check"


def _kinds() -> list[tuple[str, str]]:
    return [("", "Choose"), *((name, kind.label) for name, kind in KINDS.items())]


def _hacks() -> list[tuple[str, str]]:
    return [("", "Any"), *Hack.objects.order_by("name").values_list("slug", "name")]


def _categories() -> list[tuple[str, str]]:
    return [("", "Any"), *HackCategory.objects.values_list("name", "title")]


class CriteriaWidget(MultiWidget):
    template_name = "admin/widgets/criteria.html"
    labels = {"type": "What counts", "value": "How much of it", "hack": "Of one hack", "category": "Of one category"}

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        widgets = {
            "type": UnfoldAdminSelectWidget(choices=_kinds),
            "value": UnfoldAdminIntegerFieldWidget({"min": 1, "max": MOST}),
            "hack": UnfoldAdminSelectWidget(choices=_hacks),
            "category": UnfoldAdminSelectWidget(choices=_categories),
        }
        super().__init__(widgets, attrs)

    def decompress(self, value: dict[str, Any] | None) -> list[Any]:
        return [(value or {}).get(name) for name in self.labels]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for subwidget, label in zip(context["widget"]["subwidgets"], self.labels.values(), strict=True):
            subwidget["label"] = label
        return context


class CriteriaField(MultiValueField):
    widget = CriteriaWidget

    def __init__(self, **kwargs) -> None:
        fields = (
            ChoiceField(choices=_kinds, error_messages={"incomplete": "Choose what counts."}),
            IntegerField(error_messages={"incomplete": "Say how much of it."}),
            ChoiceField(choices=_hacks, required=False),
            ChoiceField(choices=_categories, required=False),
        )
        super().__init__(fields, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[Any]) -> dict[str, Any]:
        """What fits together is the model's validator's to say."""
        pairs = zip(CriteriaWidget.labels, data_list, strict=False)
        return {name: value for name, value in pairs if value not in self.empty_values}


class AchievementForm(ModelForm):
    criteria_json = CriteriaField(
        label="Criteria", help_text="A hack or a category narrows what counts, where it can be counted by that."
    )

    class Meta:
        model = Achievement
        fields = ["criteria_json"]  # The admin adds the others.

    def is_valid(self) -> bool:
        """Never when it is only to be checked: then it comes back as it was sent, and nothing is saved."""
        return super().is_valid() and CHECK not in self.data

    @property
    def candidates(self) -> Candidates | None:
        """Who would earn it now, where that was asked and can be said."""
        if CHECK not in self.data or "criteria_json" in self.errors:
            return None
        return preview_achievement(criteria=self.cleaned_data["criteria_json"])
