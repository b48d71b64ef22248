"""Writes to trips. A trigger moves the end of the streak."""

from django.db import IntegrityError, transaction

from database.constraints import refused_by
from practice.models import Trip


class TripsOverlap(Exception):
    """Raised if the trip shares a day with another of the member's trips."""


@transaction.atomic
def save_trip(*, trip: Trip) -> None:
    """Save a new or changed trip; raise `TripsOverlap` and write nothing if it overlaps another trip."""
    is_new = trip._state.adding
    try:
        with transaction.atomic():
            trip.save(update_fields=None if is_new else ["zone", "starts_on", "ends_on"])
    except IntegrityError as error:
        if refused_by(error) == "trips_do_not_overlap":
            raise TripsOverlap from error
        raise
