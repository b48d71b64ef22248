-- Ask some members to review submissions that have waited for long. For each hack these are the members who practised
-- it last, among those who may review it. Return the ids of the activities. Parameters: before, only submissions up to
-- this time; asked_since, members who were asked after this time are skipped; most, the number of members for each
-- hack; activity, the type to record.
WITH overdue AS (
  SELECT hack_id, count(*) AS number FROM hack_verifications
  WHERE status = 'submitted' AND user_id IS NOT NULL AND submitted_at <= %(before)s
    AND NOT EXISTS (SELECT FROM users WHERE users.id = user_id AND NOT is_active)
  GROUP BY hack_id
), asked AS (
  SELECT DISTINCT ON (user_id) user_id, hack_id
  FROM overdue CROSS JOIN LATERAL (
    SELECT user_id FROM user_hack_progress AS progress JOIN users ON users.id = user_id
    WHERE progress.hack_id = overdue.hack_id AND users.is_active
      AND NOT EXISTS (
        SELECT FROM user_activity_logs AS log
        WHERE log.user_id = progress.user_id AND activity_type = %(activity)s AND log.created_at > %(asked_since)s
      )
      AND overdue.hack_id IN (SELECT id FROM app.hacks_to_review(progress.user_id))
      AND EXISTS (
        SELECT FROM app.reviewable(progress.user_id, overdue.hack_id) AS theirs
        JOIN hack_verifications AS waiting USING (id)
        WHERE theirs.submitted_at <= %(before)s AND waiting.user_id IS NOT NULL
      )
    ORDER BY last_practiced_at DESC NULLS LAST, user_id LIMIT %(most)s
  ) AS reviewers
  ORDER BY user_id, number DESC, hack_id
)
INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
SELECT app.uuid7(), user_id, %(activity)s, jsonb_build_object('hack_id', hacks.id, 'name', name, 'slug', slug), now()
FROM asked JOIN hacks ON hacks.id = hack_id
RETURNING id
