-- Unlock every published hack whose criteria a member meets on its prerequisite, once, and record an activity. Empty
-- criteria ask for one practice. A hack that the member has practised already is open to them and is skipped. Return
-- the unlocked hacks. Parameters: member_id, or null for all members; activity, the type to record.
WITH due AS (
  SELECT progress.user_id, hacks.id AS hack_id
  FROM hacks
  JOIN user_hack_progress AS progress ON progress.hack_id = hacks.prerequisite_hack_id
  LEFT JOIN user_hack_progress AS own ON own.hack_id = hacks.id AND own.user_id = progress.user_id
  WHERE hacks.is_active
    AND own.unlocked_at IS NULL
    AND COALESCE(own.total_practice_count, 0) = 0
    AND (%(member_id)s::uuid IS NULL OR progress.user_id = %(member_id)s::uuid)
    AND progress.total_practice_count >= COALESCE((hacks.unlock_criteria ->> 'practice_count')::integer, 1)
    AND progress.days_active >= COALESCE((hacks.unlock_criteria ->> 'days_active')::integer, 0)
    AND (progress.verified_at IS NOT NULL OR NOT hacks.unlock_criteria ? 'verified')
), unlocked AS (
  -- A concurrent worker waits for the row, finds it unlocked and skips it.
  INSERT INTO user_hack_progress (id, user_id, hack_id, unlocked_at)
  SELECT app.uuid7(), user_id, hack_id, now() FROM due ORDER BY user_id, hack_id
  ON CONFLICT (user_id, hack_id) DO UPDATE SET unlocked_at = excluded.unlocked_at
    WHERE user_hack_progress.unlocked_at IS NULL
  RETURNING user_id, hack_id
), news AS (
  -- Joined to hacks rather than to due again: the planner knows neither number of rows and would choose a bad plan.
  SELECT app.uuid7() AS activity_id, user_id, hack_id, name, slug FROM unlocked JOIN hacks ON hacks.id = hack_id
), logged AS (
  INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
  SELECT activity_id, user_id, %(activity)s, jsonb_build_object('hack_id', hack_id, 'name', name, 'slug', slug), now()
  FROM news
)
SELECT user_id, hack_id, name, slug, activity_id FROM news
