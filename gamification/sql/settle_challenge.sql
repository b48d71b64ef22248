-- Mark a challenge as settled, store the number of ranked participants with each of them, and record an activity for
-- each. Return the ids of the activities. Parameters: challenge_id; now; activity, the type to record.
WITH settled AS (
  UPDATE challenges SET settled_at = %(now)s WHERE id = %(challenge_id)s RETURNING id
), final AS (
  UPDATE challenge_participants
  SET completion_data = jsonb_build_object('participants', counted.number)
  FROM settled CROSS JOIN LATERAL (
    SELECT count(*) FROM challenge_participants AS each JOIN users ON users.id = each.user_id
    WHERE each.challenge_id = settled.id AND users.is_active
  ) AS counted (number)
  WHERE challenge_id = settled.id
  RETURNING user_id
), logged AS (
  INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
  SELECT app.uuid7(), user_id, %(activity)s, jsonb_build_object('challenge_id', %(challenge_id)s::uuid), now() FROM final
  RETURNING id
)
SELECT id FROM logged
