-- Reward the authors of anonymous submissions that were verified before `before` (today). All authors of a day are
-- rewarded together: otherwise a reviewer could see on a leaderboard whose XP rises right after their review. The
-- activity is private, because an achievement that it brings shows its day. Return the ids of the activities.
-- Parameters: before; activity, the type to record.
INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)
SELECT app.uuid7(), verified.user_id, %(activity)s,
  jsonb_build_object('verification_id', verified.id, 'hack_id', hack_id, 'is_private', true), now()
FROM hack_verifications AS verified
WHERE status = 'verified' AND is_anonymous AND decided_at < %(before)s
  AND NOT EXISTS (
    SELECT FROM xp_ledger
    WHERE xp_ledger.user_id = verified.user_id AND source = 'verification' AND source_id = verified.id
  )
RETURNING id
