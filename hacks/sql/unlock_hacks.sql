-- Unlocks every published hack whose prerequisite a member has practised enough; once, with the time.
-- An empty set of criteria asks for one practice. Parameter: member_id, or NULL for all members.
WITH due AS (
  SELECT progress.user_id, hacks.id AS hack_id, hacks.name, hacks.slug
  FROM hacks
  JOIN user_hack_progress AS progress ON progress.hack_id = hacks.prerequisite_hack_id
  LEFT JOIN user_hack_progress AS own ON own.hack_id = hacks.id AND own.user_id = progress.user_id
  WHERE hacks.is_active
    AND own.unlocked_at IS NULL
    AND (%(member_id)s::uuid IS NULL OR progress.user_id = %(member_id)s::uuid)
    AND progress.total_practice_count >= COALESCE((hacks.unlock_criteria ->> 'practice_count')::integer, 1)
    AND progress.days_active >= COALESCE((hacks.unlock_criteria ->> 'days_active')::integer, 0)
), unlocked AS (
  INSERT INTO user_hack_progress (id, user_id, hack_id, unlocked_at)
  SELECT app.uuid7(), user_id, hack_id, now() FROM due ORDER BY user_id, hack_id
  ON CONFLICT (user_id, hack_id) DO UPDATE SET unlocked_at = excluded.unlocked_at
    WHERE user_hack_progress.unlocked_at IS NULL
  RETURNING user_id, hack_id
)
SELECT due.user_id, due.hack_id, due.name, due.slug FROM unlocked JOIN due USING (user_id, hack_id)
