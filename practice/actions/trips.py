"""Writes on declared trips; what they move is a trigger's."""

from django.db import IntegrityError, transaction

from database.constraints import refused_by
from practice.models import Trip


class TripsOverlap(Exception):
    """Another trip of the member's has a day in common with this one."""


@transaction.atomic
def save_trip(*, trip: Trip) -> None:
    """Store a new or changed trip; raises TripsOverlap, and then writes nothing."""
    is_new = trip._state.adding
    try:
        with transaction.atomic():
            trip.save(update_fields=None if is_new else ["zone", "starts_on", "ends_on"])
    except IntegrityError as error:
        if refused_by(error) == "trips_do_not_overlap":
            raise TripsOverlap from error
        raise
