-- Counts every board anew: of the week that begins on %(week)s, of the month that begins on %(month)s, of all time. Writes
-- only what differs and deletes what is gone. One at a time: the caller holds a lock. Returns how many rows were
-- written and deleted.
--
-- `place` is 1 + how many of those who show themselves go before: by XP, of equals who is longer with us. `rank` is shared by
-- equals. Whoever hides has the place that they would have, and moves nobody's.
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
  SELECT period, NULL, user_id, sum(xp)
  FROM earned CROSS JOIN LATERAL (VALUES ('week', week), ('month', month)) AS each (period, xp)
  GROUP BY period, user_id
  UNION ALL
  SELECT 'all', category_id, user_id, xp_amount FROM user_xp
),
ranked AS MATERIALIZED (
  SELECT boards.id AS board_id, users.id AS user_id, xp, is_shown AS is_listed,
         1 + count(*) FILTER (WHERE is_shown) OVER (
           PARTITION BY boards.id ORDER BY xp DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
         ) AS rank,
         1 + count(*) FILTER (WHERE is_shown) OVER (
           PARTITION BY boards.id ORDER BY xp DESC, users.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
         ) AS place
  FROM totals
  JOIN boards ON boards.period = totals.period
    -- NULL is a board too, and an equation can be hashed.
    AND COALESCE(boards.category_id::text, '') = COALESCE(totals.category_id::text, '')
  JOIN users ON users.id = totals.user_id
  CROSS JOIN LATERAL (
    SELECT users.is_active AND users.privacy_settings @> '{"leaderboard_visible": true}'
  ) AS shown (is_shown)
  WHERE xp > 0
),
written AS (
  INSERT INTO leaderboard_entries AS entry (id, board_id, user_id, xp, rank, place, is_listed)
  SELECT COALESCE(old.id, app.uuid7()), board_id, user_id, ranked.xp, ranked.rank, ranked.place, ranked.is_listed
  FROM ranked LEFT JOIN leaderboard_entries old USING (board_id, user_id)
  WHERE (old.xp, old.rank, old.place, old.is_listed)
    IS DISTINCT FROM (ranked.xp, ranked.rank, ranked.place, ranked.is_listed)
  ON CONFLICT (user_id, board_id) DO UPDATE SET
    xp = excluded.xp, rank = excluded.rank, place = excluded.place, is_listed = excluded.is_listed, updated_at = now()
  RETURNING 1
),
gone AS (
  DELETE FROM leaderboard_entries entry
  WHERE NOT EXISTS (
    SELECT FROM ranked WHERE ranked.board_id = entry.board_id AND ranked.user_id = entry.user_id
  )
  RETURNING 1
)
SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM gone) AS changed;
