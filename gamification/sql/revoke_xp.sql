-- Takes the award of an undone deed back. Its place within the day's limit goes to the first deed beyond it, which
-- then brings %(amount)s; NULL where the source has no limit. Should be called while holding the lock on the member's
-- user_stats. Returns whether there was an award.
WITH gone AS (
  DELETE FROM xp_ledger
  WHERE user_id = %(member_id)s AND source = %(source)s AND source_id = %(source_id)s
  RETURNING user_id, source, earned_on, amount
), moved_up AS (
  UPDATE xp_ledger SET amount = %(amount)s::integer
  WHERE id = (
    SELECT beyond.id FROM xp_ledger AS beyond JOIN gone USING (user_id, source, earned_on)
    WHERE gone.amount > 0 AND beyond.amount = 0 AND %(amount)s::integer IS NOT NULL
    ORDER BY beyond.created_at, beyond.id LIMIT 1
  )
)
SELECT EXISTS (SELECT FROM gone);
