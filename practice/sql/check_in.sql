-- A member's first check-in of a local day; no row comes back where the day has one already.
INSERT INTO daily_checkins (
  id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength,
  selected_hack_id, mood_before, mood_after, notes
)
VALUES (
  %(id)s, %(member_id)s, %(day)s, %(zone)s, %(day_start)s, 1, 0, 0,
  %(selected_hack_id)s, %(mood_before)s, %(mood_after)s, %(notes)s
)
ON CONFLICT (user_id, checkin_date) DO NOTHING
RETURNING id
