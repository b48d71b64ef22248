-- Add a rest day to a member's stock from their local day at `now` on, once for each source. Return true if it is new.
WITH granted AS (
  INSERT INTO rest_day_grants (id, user_id, source_id, granted_on)
  SELECT %(id)s, id, %(source_id)s, app.date_of(id, %(now)s) FROM users WHERE id = %(member_id)s
  ON CONFLICT (user_id, source_id) DO NOTHING
  RETURNING id
)
SELECT EXISTS (SELECT FROM granted)
