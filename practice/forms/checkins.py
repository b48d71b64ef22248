from itertools import groupby
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from accounts.compiled import compiled
from accounts.models import Member
from hacks.models import Hack
from practice.models import DailyCheckin

MOODS = [(number, str(number)) for number in range(1, 11)]


class CheckinForm(forms.Form):
    """Not a ModelForm: that asks the database whether its constraints hold, which the choices below make sure of."""

    mood_before = forms.TypedChoiceField(
        label="How do you feel?", choices=MOODS, coerce=int, empty_value=None, widget=forms.RadioSelect
    )
    selected_hack = forms.ModelChoiceField(
        label="Your hack for the day",
        queryset=Hack.objects.none(),
        required=False,
        help_text="Shown as your next practice.",
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
    notes = forms.CharField(
        label="Note",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For your eyes only.",
    )

    def __init__(self, member: Member, *, data=None, stored: DailyCheckin | None = None) -> None:
        """`stored` is the day's check-in so far; its hack can be kept even if it is not on offer any more."""
        initial = {name: getattr(stored, name) for name in self.base_fields} if stored else {}
        super().__init__(data, initial=initial)
        chosen = stored.selected_hack_id if stored else None
        field = self.fields["selected_hack"]
        field.queryset = _on_offer(member, chosen)
        # Asked for where they are shown alone: most forms that come back are in order.
        field.choices = lambda: [("", "Not decided yet"), *_by_category(_options(member, chosen))]


def _on_offer(member: Member, chosen: UUID | None) -> QuerySet:
    return Hack.objects.with_progress_of(member).filter(Q(is_active=True, is_open=True) | Q(pk=chosen))


@compiled
def _options(member: Member, chosen: UUID | None) -> QuerySet:
    return _on_offer(member, chosen).values_list("category__title", "pk", "name")


def _by_category(options: list[tuple]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Options in groups; the hacks come in the order of their categories."""
    groups = groupby(options, lambda option: option[0])
    return [(title, [(str(pk), name) for _, pk, name in group]) for title, group in groups]
