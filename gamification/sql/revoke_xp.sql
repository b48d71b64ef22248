-- Delete one award. If it counted towards the day's limit, the first award beyond the limit gets `amount` instead of 0.
-- Should be called while holding the lock on the member's user_stats. Return true if there was such an award.
-- Parameters: member_id; source and source_id; amount, or null if the source has no limit.
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
