"""CHECK constraints on criteria in JSON. They enforce the rules of gamification/kinds.py for every role."""

from collections.abc import Mapping

from database.constraints import sql_list
from gamification.kinds import CATEGORY, HACK, Kind

WHOLE_VALUE = (
    "COALESCE(jsonb_typeof(criteria_json -> 'value'), '') = 'number'"
    " AND criteria_json ->> 'value' ~ '^[1-9][0-9]{0,4}$'"
)
NAMES_ONE_THING = (
    "NOT criteria_json ?& ARRAY['hack', 'category']"
    " AND COALESCE(jsonb_typeof(criteria_json -> 'hack'), 'string') = 'string'"
    " AND COALESCE(jsonb_typeof(criteria_json -> 'category'), 'string') = 'string'"
    " AND '' NOT IN (COALESCE(criteria_json ->> 'hack', '-'), COALESCE(criteria_json ->> 'category', '-'))"
)


def narrowed_as_allowed(kinds: Mapping[str, Kind]) -> str:
    """Return SQL that allows the keys type and value, and hack or category for the kinds that can be narrowed by it."""
    allowed = "ARRAY['type', 'value']"
    for key in (HACK, CATEGORY):
        names = sql_list(name for name, kind in kinds.items() if key in kind.narrowed_by)
        allowed += f" || CASE WHEN criteria_json ->> 'type' IN ({names}) THEN ARRAY['{key}'] ELSE '{{}}' END"
    return f"criteria_json - ({allowed}) = '{{}}'"
