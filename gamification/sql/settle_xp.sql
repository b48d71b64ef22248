-- Makes the awards of %(members)s for practice and check-ins what they should be by the %(rules)s: what is missing comes,
-- what differs is corrected, what was undone goes. Returns how many rows that were; a repeat returns 0.
WITH due AS MATERIALIZED (
  SELECT * FROM app.xp_due(%(members)s::uuid[], %(rules)s::jsonb)
), gone AS (
  DELETE FROM xp_ledger AS award
  WHERE award.user_id = ANY (%(members)s::uuid[]) AND award.source IN ('session', 'checkin')
    AND NOT EXISTS (
      SELECT FROM due
      WHERE due.user_id = award.user_id AND due.source = award.source AND due.source_id = award.source_id
    )
  RETURNING award.id
), given AS (
  INSERT INTO xp_ledger AS award (id, user_id, source, source_id, hack_id, category_id, amount, earned_on)
  SELECT app.uuid7(), user_id, source, source_id, hack_id, category_id, amount, earned_on
  FROM due ORDER BY user_id, earned_on, source_id
  ON CONFLICT (user_id, source, source_id) DO UPDATE
    SET hack_id = excluded.hack_id, category_id = excluded.category_id,
        amount = excluded.amount, earned_on = excluded.earned_on
    WHERE (award.hack_id, award.category_id, award.amount, award.earned_on)
      IS DISTINCT FROM (excluded.hack_id, excluded.category_id, excluded.amount, excluded.earned_on)
  RETURNING award.id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM given);
