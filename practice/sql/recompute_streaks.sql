-- Drift check, run each night: compare the streak columns of every member's check-ins and totals with the computed
-- values, and repair those that differ. Without drift it locks and writes nothing. Return (members that differed, rows
-- that differed).
WITH stale AS MATERIALIZED (
  SELECT s.user_id FROM user_stats s
  WHERE EXISTS (SELECT FROM app.streak_rows(s.user_id) r WHERE r.is_stale)
     OR (SELECT n.is_stale FROM app.streak_state(s.user_id) n)
)
SELECT count(*) AS members, coalesce(sum(app.recompute_streak(user_id)), 0) AS drift FROM stale;
