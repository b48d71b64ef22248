from itertools import groupby

from django import forms
from django.db.models import Q

from accounts.models import Member
from hacks.models import Hack
from practice.models import DailyCheckin

MOODS = [(number, str(number)) for number in range(1, 11)]


class CheckinForm(forms.ModelForm):
    mood_before = forms.TypedChoiceField(
        label="How do you feel?", choices=MOODS, coerce=int, empty_value=None, widget=forms.RadioSelect
    )
    mood_after = forms.TypedChoiceField(
        label="How do you feel after practising?",
        choices=MOODS,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        help_text="You can come back and fill it in later.",
    )

    class Meta:
        model = DailyCheckin
        fields = ("mood_before", "selected_hack", "mood_after", "notes")
        labels = {"selected_hack": "Your hack for the day", "notes": "Note"}
        help_texts = {"selected_hack": "Shown as your next practice.", "notes": "For your eyes only."}
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, member: Member, *, data=None, stored: DailyCheckin | None = None) -> None:
        """`stored` is the day's check-in so far; its hack can be kept even if it is not on offer any more."""
        super().__init__(data, instance=stored if data is None else None)
        chosen = Q(pk=stored.selected_hack_id) if stored else Q(pk=None)
        hacks = Hack.objects.with_progress_of(member).filter(Q(is_active=True, is_open=True) | chosen)
        field = self.fields["selected_hack"]
        field.queryset = hacks
        field.choices = [("", "Not decided yet"), *_by_category(hacks)]


def _by_category(hacks) -> list[tuple[str, list[tuple[str, str]]]]:
    """Options in groups; the hacks come in the order of their categories."""
    rows = hacks.values_list("category__title", "pk", "name")
    return [(title, [(str(pk), name) for _, pk, name in group]) for title, group in groupby(rows, lambda row: row[0])]
