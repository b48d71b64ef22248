from collections.abc import Callable
from itertools import groupby
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from accounts.models import Member
from database.compiled import compiled
from hacks.models import Hack

MOODS = [(number, str(number)) for number in range(1, 11)]


class CheckinForm(forms.Form):
    """Not a ModelForm: that asks the database whether its constraints hold, which the choices below make sure of."""

    mood_before = forms.TypedChoiceField(
        label="How do you feel?", choices=MOODS, coerce=int, empty_value=None, widget=forms.RadioSelect
    )
    selected_hack = forms.TypedChoiceField(
        label="Your hack for the day",
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "Choose a hack that is open to you."},
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

    def __init__(self, member: Member, kept: Callable[[], UUID | None], *, data=None, initial=None) -> None:
        """`kept` says the hack of the day's check-in so far: that may stay even if it is not on offer any more."""
        super().__init__(data, initial=initial)
        # Asked for where they are shown or one is chosen: most forms that come back are in order and choose none.
        self.fields["selected_hack"].choices = lambda: [
            ("", "Not decided yet"),
            *_by_category(_options(member, kept())),
        ]


@compiled
def _options(member: Member, chosen: UUID | None) -> QuerySet:
    offered = Hack.objects.with_progress_of(member).filter(Q(is_active=True, is_open=True) | Q(pk=chosen))
    return offered.values_list("category__title", "pk", "name")


def _by_category(options: list[tuple]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Options in groups; the hacks come in the order of their categories."""
    groups = groupby(options, lambda option: option[0])
    return [(title, [(str(pk), name) for _, pk, name in group]) for title, group in groups]
