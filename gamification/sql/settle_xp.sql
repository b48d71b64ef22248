-- Make the awards for practice and check-ins agree with app.xp_due: insert the missing ones, correct those that differ
-- and delete those without a source. Should be called while holding the locks on the members' user_stats. Return how
-- many rows differed; a repeat locks and writes nothing and returns 0. Parameters: members; rules, as JSON.
WITH due AS MATERIALIZED (
  SELECT * FROM app.xp_due(%(members)s::uuid[], %(rules)s::jsonb)
), stored AS MATERIALIZED (
  SELECT id, user_id, source, source_id, hack_id, category_id, amount, earned_on FROM xp_ledger
  WHERE user_id = ANY (%(members)s::uuid[]) AND source IN ('session', 'checkin')
), gone AS (
  DELETE FROM xp_ledger WHERE id IN (
    SELECT id FROM stored LEFT JOIN due USING (user_id, source, source_id) WHERE due.source_id IS NULL
  )
  RETURNING id
), given AS (
  INSERT INTO xp_ledger (id, user_id, source, source_id, hack_id, category_id, amount, earned_on)
  SELECT app.uuid7(), user_id, source, source_id, due.hack_id, due.category_id, due.amount, due.earned_on
  FROM due LEFT JOIN stored USING (user_id, source, source_id)
  WHERE (due.hack_id, due.category_id, due.amount, due.earned_on)
    IS DISTINCT FROM (stored.hack_id, stored.category_id, stored.amount, stored.earned_on)
  ON CONFLICT (user_id, source, source_id) DO UPDATE
    SET hack_id = excluded.hack_id, category_id = excluded.category_id,
        amount = excluded.amount, earned_on = excluded.earned_on
  RETURNING id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM given);
