-- Run hourly. Finish the sessions that were started before `before` and are still running. The duration ends with the
-- present pause, else with the last ping; it excludes pauses and is at most the planned duration. A finish that commits
-- meanwhile wins, because PostgreSQL checks the condition again after the lock. Return the finished sessions.
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
