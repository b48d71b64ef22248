-- Update which Discord accounts should have which roles: insert the missing rows, and mark the roles that are no longer
-- wanted for removal. Private achievements give no role, achievements for streaks give none to a member who hides
-- streaks, and a closed account gets none. Roles of erased members are always removed. A repeat changes and locks
-- nothing. Return how many rows changed. Parameter: member_id, or null for all.
WITH wanted AS (
  SELECT DISTINCT user_achievements.user_id, discord_role_id AS role_id, discord_id
  FROM achievements
  JOIN user_achievements ON user_achievements.achievement_id = achievements.id
  JOIN user_profiles ON user_profiles.user_id = user_achievements.user_id
  JOIN users ON users.id = user_achievements.user_id
  WHERE discord_role_id <> '' AND discord_id <> '' AND is_active AND NOT is_private
    AND NOT (hide_streaks AND criteria_json ->> 'type' = 'streak')
    AND (%(member_id)s::uuid IS NULL OR user_achievements.user_id = %(member_id)s::uuid)
), given AS (
  INSERT INTO discord_role_grants AS own
    (id, user_id, role_id, discord_id, is_wanted, state, attempts, next_attempt_at, last_error)
  SELECT app.uuid7(), wanted.user_id, role_id, discord_id, true, 'pending', 0, now(), ''
  FROM wanted LEFT JOIN discord_role_grants AS known USING (role_id, discord_id)
  WHERE known.id IS NULL OR NOT known.is_wanted OR known.user_id IS DISTINCT FROM wanted.user_id
  ORDER BY role_id, discord_id
  ON CONFLICT (role_id, discord_id) DO UPDATE
    SET user_id = excluded.user_id, is_wanted = true, state = 'pending', attempts = 0, next_attempt_at = now(),
        last_error = ''
    WHERE NOT own.is_wanted OR own.user_id IS DISTINCT FROM excluded.user_id
  RETURNING 1
), unwanted AS (
  UPDATE discord_role_grants AS own
  SET is_wanted = false, state = 'pending', attempts = 0, next_attempt_at = now(), last_error = ''
  WHERE is_wanted
    AND (%(member_id)s::uuid IS NULL OR user_id = %(member_id)s::uuid OR user_id IS NULL)
    AND NOT EXISTS (SELECT FROM wanted WHERE (role_id, discord_id) = (own.role_id, own.discord_id))
  RETURNING 1
)
SELECT (SELECT count(*) FROM given) + (SELECT count(*) FROM unwanted)
