from datetime import date
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from accounts.models import Member
from database.compiled import compiled
from hacks.models import Hack
from practice.forms.fields import hack_choices, note_field
from practice.models import DailyCheckin

MOODS = [(number, str(number)) for number in range(1, 11)]


class CheckinForm(forms.Form):
    """The check-in for one day.

    It is not a ModelForm, because that would query the database for constraints that the choices already ensure.
    """

    mood_before = forms.TypedChoiceField(
        label="How do you feel?", choices=MOODS, coerce=int, empty_value=None, widget=forms.RadioSelect
    )
    selected_hack = forms.TypedChoiceField(
        label="Your hack for the day",
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "Choose a hack from the list."},
        help_text="We'll suggest it on your Today page.",
    )
    mood_after = forms.TypedChoiceField(
        label="How do you feel after practising?",
        choices=MOODS,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        help_text="You can add this later.",
    )
    notes = note_field(rows=4, help_text="Only you can see this.")

    def __init__(self, *args, member: Member, day: date, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # A callable, so that the query only runs if the choices are rendered or one was chosen.
        self.fields["selected_hack"].choices = lambda: hack_choices(
            _hacks_on_offer(member, day), empty="Not decided yet"
        )


@compiled
def _hacks_on_offer(member: Member, day: date) -> QuerySet:
    """Return the hacks that are open to the member, plus the hack already chosen in the day's check-in."""
    chosen = DailyCheckin.objects.visible_to(member).filter(checkin_date=day).order_by().values("selected_hack")
    offered = Hack.objects.with_progress_of(member).filter(Q(is_active=True, is_open=True) | Q(pk__in=chosen))
    return offered.values_list("category__title", "pk", "name")
