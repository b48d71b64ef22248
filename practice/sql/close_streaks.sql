-- Hourly. Closes the streaks whose last reachable day is over; returns how many. Read with the partial index on
-- streak_ends_at; a check-in that moves the end meanwhile wins, as the condition is read again after the lock.
WITH closed AS (
  UPDATE user_stats SET current_streak = 0
  WHERE current_streak > 0 AND streak_ends_at <= %(now)s
  RETURNING user_id
)
SELECT count(*) FROM closed;
