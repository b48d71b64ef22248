"""The staff's forms for achievements and challenges, with fields for the JSON columns.

The form for achievements can also preview which members would earn it.
"""

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
from gamification.challenges import CHALLENGE_KINDS, MAX_REWARD_XP, validate_reward
from gamification.kinds import KINDS, MAX_CRITERION_VALUE, Kind
from gamification.models import Achievement, Challenge
from hacks.models import Hack, HackCategory

# The name of the button that previews the members who would earn the achievement, and saves nothing.
CHECK_BUTTON = "_check"


def _kind_choices(kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    return [("", "Choose"), *((name, kind.label) for name, kind in kinds.items())]


def _hack_choices() -> list[tuple[str, str]]:
    return [("", "Any"), *Hack.objects.order_by("name").values_list("slug", "name")]


def _category_choices() -> list[tuple[str, str]]:
    return [("", "Any"), *HackCategory.objects.values_list("name", "title")]


def _achievement_choices() -> list[tuple[str, str]]:
    return [("", "None"), *Achievement.objects.values_list("slug", "name")]


def dependants_of(key: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, words) for each achievement or challenge whose criteria name one of `names`.

    `key` is "hack" (names are slugs) or "category". Challenges that are over or cancelled are left out.
    """
    for model, rows in (
        (Achievement, Achievement.objects.all()),
        (Challenge, Challenge.objects.filter(cancelled_at=None, end_date__gt=timezone.now())),
    ):
        criterion = f"criteria_json__{key}"
        for named, name in rows.filter(**{f"{criterion}__in": names}).order_by("name").values_list(criterion, "name"):
            yield named, f"the {model._meta.verbose_name} “{name}”"


class PartsWidget(MultiWidget):
    """A JSON object as one labelled input for each key."""

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
    labels = {"type": "What counts", "value": "Target", "hack": "Only this hack", "category": "Only this category"}

    def __init__(self, attrs: dict[str, Any] | None = None, kinds: Mapping[str, Kind] = KINDS) -> None:
        widgets = {
            "type": UnfoldAdminSelectWidget(choices=partial(_kind_choices, kinds)),
            "value": UnfoldAdminIntegerFieldWidget({"min": 1, "max": MAX_CRITERION_VALUE}),
            "hack": UnfoldAdminSelectWidget(choices=_hack_choices),
            "category": UnfoldAdminSelectWidget(choices=_category_choices),
        }
        super().__init__(widgets, attrs)


class CriteriaField(MultiValueField):
    def __init__(self, kinds: Mapping[str, Kind] = KINDS, **kwargs) -> None:
        fields = (
            ChoiceField(choices=partial(_kind_choices, kinds), error_messages={"incomplete": "Choose what counts."}),
            IntegerField(error_messages={"incomplete": "Enter a target."}),
            ChoiceField(choices=_hack_choices, required=False),
            ChoiceField(choices=_category_choices, required=False),
        )
        super().__init__(fields, require_all_fields=False, widget=CriteriaWidget(kinds=kinds), **kwargs)

    def compress(self, data_list: list[Any]) -> dict[str, Any]:
        """Return the criteria from the filled-in parts. The model's validator checks the combination."""
        return _filled_in(CriteriaWidget, data_list)


class RewardWidget(PartsWidget):
    labels = {"xp": "XP", "achievement": "Achievement"}

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        widgets = {
            "xp": UnfoldAdminIntegerFieldWidget({"min": 1, "max": MAX_REWARD_XP}),
            "achievement": UnfoldAdminSelectWidget(choices=_achievement_choices),
        }
        super().__init__(widgets, attrs)


class RewardField(MultiValueField):
    widget = RewardWidget

    def __init__(self, **kwargs) -> None:
        fields = (IntegerField(required=False), ChoiceField(choices=_achievement_choices, required=False))
        super().__init__(fields, require_all_fields=False, required=False, **kwargs)

    def compress(self, data_list: list[Any]) -> dict[str, Any]:
        return _filled_in(RewardWidget, data_list)


def _filled_in(widget: type[PartsWidget], values: list[Any]) -> dict[str, Any]:
    """Return the filled-in parts by name."""
    return {name: value for name, value in zip(widget.labels, values, strict=False) if value not in (None, "")}


class SuggestionsWidget(UnfoldAdminTextInputWidget):
    """A text input with a list of suggestions. Other values can be typed too."""

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


def _achievement_categories() -> Iterable[str]:
    """Return the categories of the existing achievements."""
    return Achievement.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct()


class AchievementForm(ModelForm):
    criteria_json = CriteriaField(
        label="Criteria", help_text="Choose a hack or a category to count only that. Not every type can be narrowed."
    )

    class Meta:
        model = Achievement
        fields = ["criteria_json"]  # The admin adds the others.
        labels = {"icon_url": "Icon"}
        help_texts = {"icon_url": "The name of an icon. Left empty, it's “sparkles”."}
        widgets = {
            "icon_url": SuggestionsWidget(lambda: sorted(icon_names()), shows_icons=True),
            "category": SuggestionsWidget(_achievement_categories),
        }

    def clean_icon_url(self) -> str:
        name = self.cleaned_data["icon_url"]
        if name and name not in icon_names():
            raise ValidationError("There's no icon with this name. Choose one from the list.", code="unknown")
        return name

    def full_clean(self) -> None:
        """Validate the form. For a preview, keep only the errors of the criteria: other fields may still be empty."""
        super().full_clean()
        if CHECK_BUTTON in self.data:
            self._errors = ErrorDict({name: each for name, each in self.errors.items() if name == "criteria_json"})

    def is_valid(self) -> bool:
        """Return False for a preview too, so that the admin shows the form again and saves nothing."""
        return super().is_valid() and CHECK_BUTTON not in self.data

    @property
    def candidates(self) -> Candidates | None:
        """The members who would earn it now; None unless a preview was requested and the criteria are valid."""
        if CHECK_BUTTON not in self.data or "criteria_json" in self.errors:
            return None
        return preview_achievement(criteria=self.cleaned_data["criteria_json"])


class ChallengeForm(ModelForm):
    """The form of a challenge. Any field may be missing: the admin removes fixed fields once a member has joined."""

    criteria_json = CriteriaField(
        CHALLENGE_KINDS,
        label="Criteria",
        help_text="Choose a hack or a category to count only that. Not every type can be narrowed.",
    )
    reward_value = RewardField(label="Reward details", help_text="Fill in only what the reward above needs.")

    class Meta:
        model = Challenge
        fields = ["criteria_json", "reward_value"]  # The admin adds the others.
        help_texts = {
            "start_date": "In your time zone.",
            "end_date": "In your time zone. Practice that begins at this time or later doesn't count.",
        }

    def clean(self) -> None:
        super().clean()
        begins, ends = self.cleaned_data.get("start_date"), self.cleaned_data.get("end_date")
        if begins and ends and ends <= begins:
            self.add_error("end_date", "Choose an end after the beginning.")
        elif ends and "end_date" in self.changed_data and ends <= timezone.now():
            self.add_error("end_date", "Choose an end in the future, so that members can join.")
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
            raise ValidationError("Enter 1 or more, or leave it empty for no limit.", code="no_place")
        if places < (participant_count := self.instance.participants.count()):
            raise ValidationError(
                f"Enter {participant_count} or more: {participant_count} members have already joined.", code="too_few"
            )
        return places
