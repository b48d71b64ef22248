-- Run every quarter of an hour. Set the streaks to 0 whose last reachable day is over, and return how many. A check-in
-- that commits meanwhile wins, because PostgreSQL checks the condition again after the lock. A partial index on
-- streak_ends_at finds the rows.
WITH closed AS (
  UPDATE user_stats SET current_streak = 0
  WHERE current_streak > 0 AND streak_ends_at <= %(now)s
  RETURNING user_id
)
SELECT count(*) FROM closed;
