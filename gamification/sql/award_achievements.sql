-- Award the achievements of some kinds to every member who meets their criteria, once, and record an activity for each.
-- Return the new awards. One of achievements_by_*.sql replaces COUNTED. Parameters: kinds, a list of types; member_id,
-- if the text is for one member; achievement_id, or null for all; is_private, true to make all of them private;
-- activity, the type to record.
WITH wanted AS (
  SELECT id, name, slug, points, criteria_json ->> 'type' AS kind, (criteria_json ->> 'value')::integer AS needed,
         COALESCE(criteria_json ->> 'hack', '') AS hack, COALESCE(criteria_json ->> 'category', '') AS category
  FROM achievements
  WHERE criteria_json ->> 'type' = ANY(%(kinds)s)
    AND (%(achievement_id)s::uuid IS NULL OR id = %(achievement_id)s::uuid)
), counted AS (
  COUNTED
), earned AS (
  -- A concurrent worker waits for the row, finds it and skips it. All workers insert in this order, so that they can't
  -- deadlock.
  INSERT INTO user_achievements (id, user_id, achievement_id, earned_at, progress_data, is_private)
  SELECT app.uuid7(), user_id, achievement_id, now(), jsonb_build_object('value', value),
         is_private OR %(is_private)s::boolean
  FROM counted
  WHERE value >= needed AND NOT EXISTS (
    SELECT FROM user_achievements AS own
    WHERE own.user_id = counted.user_id AND own.achievement_id = counted.achievement_id
  )
  ORDER BY user_id, achievement_id
  ON CONFLICT (user_id, achievement_id) DO NOTHING
  RETURNING user_id, achievement_id, is_private
), news AS (
  SELECT app.uuid7() AS activity_id, user_id, achievement_id, name, slug, points, kind, is_private
  FROM earned JOIN wanted ON wanted.id = achievement_id
), logged AS (
  INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
  SELECT activity_id, user_id, %(activity)s,
         jsonb_build_object(
           'achievement_id', achievement_id, 'name', name, 'slug', slug, 'points', points, 'type', kind,
           'is_private', is_private
         ),
         now()
  FROM news
)
SELECT user_id, achievement_id, name, slug, activity_id FROM news
