from functools import cache
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.models import Member
from hacks import catalogue
from hacks.models import HackCategory, UserHackProgress


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
        super().__init__(data, auto_id="filter_%s")
        self.member = member
        offered = [("", "All"), *((each.name, each.title) for each in categories)]
        self.fields["category"] = forms.ChoiceField(required=False, widget=forms.RadioSelect, choices=offered)
        if member is None:
            del self.fields["state"]

    @property
    def selects(self) -> list[tuple[str, forms.ChoiceField, str]]:
        """Name, field and the chosen value; the template writes them out, which a page of widgets is too slow for."""
        return [
            (name, field, self.filters.get(name, ""))
            for name, field in self.fields.items()
            if isinstance(field, forms.ChoiceField) and isinstance(field.widget, forms.Select)
        ]

    @property
    def looks(self) -> tuple:
        """All that the form on the page depends on."""
        return tuple(self.fields["category"].choices), tuple(self.fields), tuple(self.filters.items())

    @property
    def has_details(self) -> bool:
        """Whether a filter is set that a folded form would hide."""
        return bool(self.filters.keys() - {"q", "category"})

    @cached_property
    def filters(self) -> dict[str, Any]:
        """What is asked for, by field; whatever is empty or unknown is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def address(self) -> str:
        """The shortest query string that asks for the same."""
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
