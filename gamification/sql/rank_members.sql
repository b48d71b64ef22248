-- Recompute every leaderboard: of the week, of the month and of all time. Write only the entries and steps that differ,
-- and delete those that no longer apply. The caller holds a lock, so that only one such statement runs. Return how many
-- entries were written or deleted. Parameters: week and month, their first days; now.
WITH periods (period, starts_on) AS (
  VALUES ('week', %(week)s::date), ('month', %(month)s::date), ('all', NULL)
),
boards AS (
  INSERT INTO leaderboards (id, period, category_id, starts_on, counted_at)
  SELECT app.uuid7(), period, category_id, starts_on, %(now)s
  FROM periods CROSS JOIN (SELECT id FROM hack_categories UNION ALL SELECT NULL) AS categories (category_id)
  ON CONFLICT (period, category_id)
    DO UPDATE SET starts_on = excluded.starts_on, counted_at = excluded.counted_at
  RETURNING id, period, category_id
),
earned AS (
  SELECT user_id, category_id,
         sum(amount) FILTER (WHERE earned_on >= %(week)s AND earned_on < %(week)s::date + 7) AS week,
         sum(amount) FILTER (WHERE earned_on >= %(month)s AND earned_on < %(month)s::date + interval '1 month') AS month
  FROM xp_ledger
  WHERE earned_on >= LEAST(%(week)s::date, %(month)s::date)
    AND earned_on < GREATEST(%(week)s::date + 7, (%(month)s::date + interval '1 month')::date)
  GROUP BY user_id, category_id
),
totals AS (
  SELECT period, category_id, user_id, xp
  FROM earned CROSS JOIN LATERAL (VALUES ('week', week), ('month', month)) AS each (period, xp)
  WHERE category_id IS NOT NULL
  UNION ALL
  SELECT period, NULL, user_id, sum(xp)::bigint
  FROM earned CROSS JOIN LATERAL (VALUES ('week', week), ('month', month)) AS each (period, xp)
  GROUP BY period, user_id
  UNION ALL
  SELECT 'all', category_id, user_id, xp_amount FROM user_xp
),
-- The id of a board is looked up in JSON rather than joined: with a join the planner expects a handful of rows instead
-- of a million, and reads them by index.
ids (of) AS (
  SELECT jsonb_object_agg(concat(period, category_id), id) FROM boards
),
counted AS MATERIALIZED (
  SELECT ((SELECT of FROM ids) ->> concat(period, category_id))::uuid AS board_id, user_id, xp,
         users.is_active AND users.privacy_settings @> '{"leaderboard_visible": true}' AS is_listed
  FROM totals JOIN users ON users.id = user_id
  WHERE xp > 0
),
written AS (
  INSERT INTO leaderboard_entries (id, board_id, user_id, xp, is_listed)
  SELECT COALESCE(old.id, app.uuid7()), board_id, user_id, counted.xp, counted.is_listed
  FROM counted LEFT JOIN leaderboard_entries old USING (board_id, user_id)
  WHERE (old.xp, old.is_listed) IS DISTINCT FROM (counted.xp, counted.is_listed)
  ON CONFLICT (user_id, board_id)
    DO UPDATE SET xp = excluded.xp, is_listed = excluded.is_listed, updated_at = now()
  RETURNING 1
),
gone AS (
  DELETE FROM leaderboard_entries entry
  WHERE NOT EXISTS (
    SELECT FROM counted WHERE counted.board_id = entry.board_id AND counted.user_id = entry.user_id
  )
  RETURNING 1
),
steps AS MATERIALIZED (
  SELECT board_id, xp, count(*) AS members,
         1 - count(*) + sum(count(*)) OVER (PARTITION BY board_id ORDER BY xp DESC) AS rank
  FROM counted
  WHERE is_listed
  GROUP BY board_id, xp
),
written_steps AS (
  INSERT INTO leaderboard_steps (id, board_id, xp, rank, members)
  SELECT COALESCE(old.id, app.uuid7()), board_id, xp, steps.rank, steps.members
  FROM steps LEFT JOIN leaderboard_steps old USING (board_id, xp)
  WHERE (old.rank, old.members) IS DISTINCT FROM (steps.rank, steps.members)
  ON CONFLICT (board_id, xp) DO UPDATE SET rank = excluded.rank, members = excluded.members
),
gone_steps AS (
  DELETE FROM leaderboard_steps step
  WHERE NOT EXISTS (SELECT FROM steps WHERE steps.board_id = step.board_id AND steps.xp = step.xp)
)
SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM gone) AS changed;
