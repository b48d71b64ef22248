-- At the promised date the staff take over, and the author is told. Whoever holds a slot may still give their review.
-- Parameters: before, the time up to which it was submitted; activity, the type.
WITH escalated AS (
  UPDATE hack_verifications SET status = 'escalated', escalated_at = now()
  WHERE status = 'submitted' AND user_id IS NOT NULL AND submitted_at <= %(before)s
    AND NOT EXISTS (SELECT FROM users WHERE users.id = user_id AND NOT is_active)
  RETURNING id, user_id, hack_id, round
)
INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
SELECT app.uuid7(), user_id, %(activity)s,
  jsonb_build_object('verification_id', escalated.id, 'round', round, 'waits_for', 'staff',
                     'hack_id', hacks.id, 'name', name, 'slug', slug), now()
FROM escalated JOIN hacks ON hacks.id = hack_id
RETURNING id
