-- Gives a member a rest day into stock, from the day on that it is for them; once a source. Returns whether it is new.
WITH granted AS (
  INSERT INTO rest_day_grants (id, user_id, source_id, granted_on)
  SELECT %(id)s, p.user_id, %(source_id)s,
         app.local_date(%(now)s, app.zone_of(p.user_id, %(now)s, p.timezone, p.day_start), p.day_start)
  FROM user_profiles p WHERE p.user_id = %(member_id)s
  ON CONFLICT (user_id, source_id) DO NOTHING
  RETURNING id
)
SELECT EXISTS (SELECT FROM granted)
