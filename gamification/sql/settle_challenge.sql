-- Makes a challenge's ranks final and tells everybody who took part, by an entry in the activity log each. Returns the
-- entries. Who is counted is who is ranked. Parameters: challenge_id; now; activity, the type.
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
