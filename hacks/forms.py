from functools import cache
from typing import Any, NamedTuple

from django import forms
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.models import Member
from hacks import catalogue
from hacks.models import HackCategory, UserHackProgress


class Select(NamedTuple):
    """A select of a filter bar; components/_filter_select.html writes it."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


class FilterBar(NamedTuple):
    """Everything that the catalogue's filter bar shows."""

    query: str
    categories: tuple[tuple[str, str], ...]
    category: str
    selects: tuple[Select, ...]
    gateway_label: str
    is_gateway: bool
    is_unfolded: bool


class CatalogueForm(forms.Form):
    """The catalogue's filters, read from the address. A value that is not on offer counts as not given."""

    q = forms.CharField(label="Search", max_length=100, required=False)
    category = forms.ChoiceField(required=False)
    length = forms.ChoiceField(label="Length", required=False, choices=[("", "Any length"), *catalogue.LENGTHS])
    difficulty = forms.ChoiceField(
        label="Difficulty", required=False, choices=[("", "Any difficulty"), *catalogue.DIFFICULTIES]
    )
    state = forms.ChoiceField(label="For me", required=False, choices=[("", "All hacks"), *catalogue.STATES])
    sort = forms.ChoiceField(label="Sort by", required=False, choices=[("", "Recommended"), *catalogue.SORTS])
    gateway = forms.BooleanField(label="Good to begin with", required=False)

    def __init__(self, data, *, member: Member | None, categories: list[HackCategory]) -> None:
        super().__init__(data)
        self.fields["category"].choices = [("", "All"), *((each.name, each.title) for each in categories)]
        if member is None:
            del self.fields["state"]

    @property
    def bar(self) -> FilterBar:
        filters = self.filters
        selects = [
            Select(name, field.label, tuple(field.choices), filters.get(name, ""))
            for name, field in self.fields.items()
            if isinstance(field, forms.ChoiceField) and name != "category"
        ]
        return FilterBar(
            query=filters.get("q", ""),
            categories=tuple(self.fields["category"].choices),
            category=filters.get("category", ""),
            selects=tuple(selects),
            gateway_label=self.fields["gateway"].label,
            is_gateway="gateway" in filters,
            # A folded bar would hide these.
            is_unfolded=bool(filters.keys() - {"q", "category"}),
        )

    @cached_property
    def filters(self) -> dict[str, Any]:
        """The filters that are set, by the name of their field; an empty or unknown value sets none."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def address(self) -> str:
        """The shortest query string for these filters."""
        return urlencode({name: "on" if value is True else value for name, value in self.filters.items()})


class NotesForm(forms.ModelForm):
    class Meta:
        model = UserHackProgress
        fields = ["notes"]
        labels = {"notes": "Your notes"}
        help_texts = {"notes": "Only you can read them."}
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    @staticmethod
    def filled_in(notes: str) -> SafeString:
        """What `{{ form }}` prints of a form without errors that holds these notes, at a tenth of the cost."""
        before, after = _around_notes()
        return format_html("{}{}{}", before, notes, after)


@cache
def _around_notes() -> list[SafeString]:
    gap = "here stand the notes"
    return [SafeString(part) for part in str(NotesForm(initial={"notes": gap})).split(gap)]
