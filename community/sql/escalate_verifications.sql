-- Hand the submissions that have waited until the promised date over to the staff, and record an activity for each
-- author. Reviewers with an open lease may still give their review. Return the ids of the activities. Parameters:
-- before, only submissions up to this time; activity, the type to record.
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
