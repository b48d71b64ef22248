-- Give a member an achievement that they have won, once, and record the same activity as award_achievements.sql. Return
-- the activity's id. Parameters: member_id; slug; progress, the data to store with it; activity, the type to record.
WITH earned AS (
  INSERT INTO user_achievements (id, user_id, achievement_id, earned_at, progress_data)
  SELECT app.uuid7(), %(member_id)s, id, now(), %(progress)s::jsonb FROM achievements WHERE slug = %(slug)s
  ON CONFLICT (user_id, achievement_id) DO NOTHING
  RETURNING user_id, achievement_id
), news AS (
  SELECT app.uuid7() AS activity_id, user_id, achievement_id, name, slug, points, criteria_json ->> 'type' AS kind
  FROM earned JOIN achievements ON achievements.id = achievement_id
), logged AS (
  INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
  SELECT activity_id, user_id, %(activity)s,
         jsonb_build_object(
           'achievement_id', achievement_id, 'name', name, 'slug', slug, 'points', points, 'type', kind
         ),
         now()
  FROM news
)
SELECT activity_id FROM news
