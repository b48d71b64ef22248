-- Drift check, run each night: compare every total with the ledger and recompute the members who differ, under their
-- locks. Without drift it locks and writes nothing. Return (members, rows) that differed.
WITH stale AS MATERIALIZED (
  SELECT DISTINCT user_id
  FROM (
    SELECT user_id, COALESCE(category_id, '00000000-0000-0000-0000-000000000000') AS board, xp FROM app.xp_totals(NULL)
  ) AS due
  FULL JOIN (
    SELECT user_id, COALESCE(category_id, '00000000-0000-0000-0000-000000000000') AS board, xp_amount, level FROM user_xp
  ) AS own USING (user_id, board)
  WHERE (own.xp_amount, own.level) IS DISTINCT FROM (COALESCE(due.xp, 0), app.level_of(COALESCE(due.xp, 0)))
)
SELECT (SELECT count(*) FROM stale), app.refresh_xp(ARRAY(SELECT user_id FROM stale));
