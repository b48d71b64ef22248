-- Nightly. Compares every member's check-ins and standing with what their rows say and repairs only those that differ,
-- so that nothing is locked or written in a healthy night. Returns (members that differed, rows that differed).
WITH stale AS MATERIALIZED (
  SELECT s.user_id FROM user_stats s
  WHERE EXISTS (SELECT FROM app.streak_rows(s.user_id) r WHERE r.is_stale)
     OR (SELECT n.is_stale FROM app.streak_state(s.user_id) n)
)
SELECT count(*) AS members, coalesce(sum(app.recompute_streak(user_id)), 0) AS drift FROM stale;
