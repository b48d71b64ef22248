-- Drift check: return the members whose awards for practice and check-ins differ from app.xp_due. Parameter: rules, as
-- JSON.
SELECT DISTINCT user_id
FROM app.xp_due(NULL, %(rules)s::jsonb) AS due
FULL JOIN (SELECT * FROM xp_ledger WHERE source IN ('session', 'checkin')) AS award
  USING (user_id, source, source_id)
WHERE (due.hack_id, due.category_id, due.amount, due.earned_on)
  IS DISTINCT FROM (award.hack_id, award.category_id, award.amount, award.earned_on)
ORDER BY user_id;
