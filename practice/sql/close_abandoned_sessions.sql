-- Hourly. Finishes the sessions that were started before %(before)s and forgotten: each counts the time up to its last
-- sign of life (the pause that it is in, else the last ping), without pauses, and no more than was planned.
-- A finish that is made meanwhile wins, as the condition is read again after the lock.
UPDATE practice_sessions AS session
SET ended_at = session.started_at + make_interval(secs => lived.seconds + session.paused_seconds),
    duration_seconds = lived.seconds,
    paused_at = NULL
FROM practice_sessions AS seen
CROSS JOIN LATERAL (
  SELECT LEAST(
    GREATEST(
      floor(extract(epoch FROM COALESCE(seen.paused_at, seen.last_seen_at, seen.started_at) - seen.started_at))::integer
        - seen.paused_seconds,
      0
    ),
    seen.planned_seconds
  ) AS seconds
) AS lived
WHERE session.id = seen.id AND session.ended_at IS NULL AND seen.ended_at IS NULL AND seen.started_at < %(before)s
RETURNING session.user_id, session.id, session.hack_id;
