"""The forms with which staff write achievements and challenges: fields for what the database keeps as JSON, and who
would earn an achievement."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import ChoiceField, IntegerField, ModelForm, MultiValueField, MultiWidget
from django.forms.utils import ErrorDict
from django.utils import timezone
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.templatetags.ui import icon_names
from gamification.actions import Candidates, preview_achievement
from gamification.challenges import AIMS, MOST_XP, validate_reward
from gamification.kinds import KINDS, MOST, Kind
from gamification.models import Achievement, Challenge
from hacks.models import Hack, HackCategory

# The name of the button that looks and saves nothing.
CHECK = "_check"


def _labels(kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    return [("", "Choose"), *((name, kind.label) for name, kind in kinds.items())]


def _hacks() -> list[tuple[str, str]]:
    return [("", "Any"), *Hack.objects.order_by("name").values_list("slug", "name")]


def _categories() -> list[tuple[str, str]]:
    return [("", "Any"), *HackCategory.objects.values_list("name", "title")]


def _achievements() -> list[tuple[str, str]]:
    return [("", "None"), *Achievement.objects.values_list("slug", "name")]


def naming(key: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """What counts one of these hacks or categories alone; a challenge that is over needs it no more."""
    for model, rows in (
        (Achievement, Achievement.objects.all()),
        (Challenge, Challenge.objects.filter(cancelled_at=None, end_date__gt=timezone.now())),
    ):
        criterion = f"criteria_json__{key}"
        for named, name in rows.filter(**{f"{criterion}__in": names}).order_by("name").values_list(criterion, "name"):
            yield named, f"the {model._meta.verbose_name} “{name}”"


class PartsWidget(MultiWidget):
    """The parts of a JSON object beside each other, each with its label."""

    template_name = "admin/widgets/criteria.html"
    labels: dict[str, str]

    def decompress(self, value: dict[str, Any] | None) -> list[Any]:
        return [(value or {}).get(name) for name in self.labels]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for subwidget, label in zip(context["widget"]["subwidgets"], self.labels.values(), strict=True):
            subwidget["label"] = label
        return context


class CriteriaWidget(PartsWidget):
    labels = {"type": "What counts", "value": "How much of it", "hack": "Of one hack", "category": "Of one category"}

    def __init__(self, attrs: dict[str, Any] | None = None, kinds: Mapping[str, Kind] = KINDS) -> None:
        widgets = {
            "type": UnfoldAdminSelectWidget(choices=partial(_labels, kinds)),
            "value": UnfoldAdminIntegerFieldWidget({"min": 1, "max": MOST}),
            "hack": UnfoldAdminSelectWidget(choices=_hacks),
            "category": UnfoldAdminSelectWidget(choices=_categories),
        }
        super().__init__(widgets, attrs)


class CriteriaField(MultiValueField):
    def __init__(self, kinds: Mapping[str, Kind] = KINDS, **kwargs) -> None:
        fields = (
            ChoiceField(choices=partial(_labels, kinds), error_messages={"incomplete": "Choose what counts."}),
            IntegerField(error_messages={"incomplete": "Say how much of it."}),
            ChoiceField(choices=_hacks, required=False),
            ChoiceField(choices=_categories, required=False),
        )
        super().__init__(fields, require_all_fields=False, widget=CriteriaWidget(kinds=kinds), **kwargs)

    def compress(self, data_list: list[Any]) -> dict[str, Any]:
        """What fits together is the model's validator's to say."""
        return _given(CriteriaWidget, data_list)


class RewardWidget(PartsWidget):
    labels = {"xp": "How much XP", "achievement": "Which achievement"}

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        widgets = {
            "xp": UnfoldAdminIntegerFieldWidget({"min": 1, "max": MOST_XP}),
            "achievement": UnfoldAdminSelectWidget(choices=_achievements),
        }
        super().__init__(widgets, attrs)


class RewardField(MultiValueField):
    widget = RewardWidget

    def __init__(self, **kwargs) -> None:
        fields = (IntegerField(required=False), ChoiceField(choices=_achievements, required=False))
        super().__init__(fields, require_all_fields=False, required=False, **kwargs)

    def compress(self, data_list: list[Any]) -> dict[str, Any]:
        return _given(RewardWidget, data_list)


def _given(widget: type[PartsWidget], values: list[Any]) -> dict[str, Any]:
    """The parts that are filled in, by name."""
    return {name: value for name, value in zip(widget.labels, values, strict=False) if value not in (None, "")}


class SuggestionsWidget(UnfoldAdminTextInputWidget):
    """A line of text, and beneath it what may be meant; anything else can be typed all the same."""

    template_name = "admin/widgets/suggestions.html"

    def __init__(self, suggestions: Callable[[], Iterable[str]], *, shows_icons: bool = False) -> None:
        super().__init__()
        self.suggestions, self.shows_icons = suggestions, shows_icons

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{name}_suggestions"
        return {
            "widget": {
                **context["widget"],
                "input_template": super().template_name,
                "suggestions": self.suggestions(),
                "shows_icons": self.shows_icons,
            }
        }


def _shelves() -> Iterable[str]:
    """The categories that achievements have already."""
    return Achievement.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct()


class AchievementForm(ModelForm):
    criteria_json = CriteriaField(
        label="Criteria", help_text="A hack or a category narrows what counts, where it can be counted by that."
    )

    class Meta:
        model = Achievement
        fields = ["criteria_json"]  # The admin adds the others.
        labels = {"icon_url": "Icon"}
        help_texts = {"icon_url": "One of these names. Without one it is “sparkles”."}
        widgets = {
            "icon_url": SuggestionsWidget(lambda: sorted(icon_names()), shows_icons=True),
            "category": SuggestionsWidget(_shelves),
        }

    def clean_icon_url(self) -> str:
        name = self.cleaned_data["icon_url"]
        if name and name not in icon_names():
            raise ValidationError("There is no icon of this name.", code="unknown")
        return name

    def full_clean(self) -> None:
        """A check asks of the criteria alone: what is not filled in yet is no mistake."""
        super().full_clean()
        if CHECK in self.data:
            self._errors = ErrorDict({name: each for name, each in self.errors.items() if name == "criteria_json"})

    def is_valid(self) -> bool:
        """Never when it is only to be checked: then it comes back as it was sent, and nothing is saved."""
        return super().is_valid() and CHECK not in self.data

    @property
    def candidates(self) -> Candidates | None:
        """Who would earn it now, where that was asked and can be said."""
        if CHECK not in self.data or "criteria_json" in self.errors:
            return None
        return preview_achievement(criteria=self.cleaned_data["criteria_json"])


class ChallengeForm(ModelForm):
    """Once somebody takes part, the admin leaves out what is fixed by then, so that each field may be missing here."""

    criteria_json = CriteriaField(
        AIMS, label="Criteria", help_text="A hack or a category narrows what counts, where it can be counted by that."
    )
    reward_value = RewardField(label="Of the reward", help_text="Only what the reward above needs.")

    class Meta:
        model = Challenge
        fields = ["criteria_json", "reward_value"]  # The admin adds the others.
        help_texts = {
            "start_date": "By your own clock.",
            "end_date": "By your own clock. This moment is no longer in it.",
        }

    def clean(self) -> None:
        super().clean()
        begins, ends = self.cleaned_data.get("start_date"), self.cleaned_data.get("end_date")
        if begins and ends and ends <= begins:
            self.add_error("end_date", "It ends after it begins.")
        elif ends and "end_date" in self.changed_data and ends <= timezone.now():
            self.add_error("end_date", "That is over already: nobody could join.")
        if "reward_value" in self.cleaned_data and "reward_type" in self.cleaned_data:
            try:
                validate_reward(self.cleaned_data["reward_type"], self.cleaned_data["reward_value"])
            except ValidationError as error:
                self.add_error("reward_value", error)

    def clean_max_participants(self) -> int | None:
        places = self.cleaned_data["max_participants"]
        if places is None:
            return None
        if places < 1:
            raise ValidationError("At least 1; empty where as many may take part as come.", code="no_place")
        if places < (participant_count := self.instance.participants.count()):
            raise ValidationError(f"{participant_count} take part already.", code="too_few")
        return places
