-- Has those rewarded whose anonymous submissions were verified before today: all of a day together, so that nobody who
-- looks at a leaderboard sees somebody's XP rise with their own review. What it earns stays private, as it
-- has a date. Parameters: before; activity, the type.
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
