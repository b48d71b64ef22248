-- Recompute the scores in challenges that have begun and are not settled. A practice counts if it begins from the start
-- on and before the end, also if it was before the member joined. A score is reached at the end of the practice that
-- brings it, or when the check-in is made. Write only the rows that differ and return their number. Parameters:
-- member_id and challenge_id, or null for all; now; min_counted_seconds and logging_deadline_days, from the XP rules.
WITH begun AS (
  SELECT participant.id, user_id, joined_at, start_date, end_date,
         criteria_json ->> 'type' AS kind, (criteria_json ->> 'value')::integer AS needed,
         criteria_json ->> 'hack' AS hack, criteria_json ->> 'category' AS category,
         CASE criteria_json ->> 'type' WHEN 'practice_minutes' THEN 60 ELSE 1 END AS units
  FROM challenge_participants AS participant
  JOIN challenges ON challenges.id = challenge_id
  WHERE is_active AND settled_at IS NULL AND start_date <= %(now)s
    AND (%(member_id)s::uuid IS NULL OR user_id = %(member_id)s::uuid)
    AND (%(challenge_id)s::uuid IS NULL OR challenge_id = %(challenge_id)s::uuid)
), activities AS (
  SELECT begun.id, session.ended_at AS done_at, session.id AS source_id,
         CASE kind
           WHEN 'practice_minutes' THEN duration_seconds
           -- Only the first practice of a day, or with a hack, counts.
           WHEN 'days_active' THEN (1 = row_number() OVER (
             PARTITION BY begun.id, session.practice_date ORDER BY session.ended_at, session.id
           ))::integer
           WHEN 'hacks_tried' THEN (1 = row_number() OVER (
             PARTITION BY begun.id, session.hack_id ORDER BY session.ended_at, session.id
           ))::integer
           ELSE 1
         END AS amount
  FROM begun
  JOIN practice_sessions AS session
    ON session.user_id = begun.user_id AND session.started_at >= start_date AND session.started_at < end_date
  JOIN hacks ON hacks.id = session.hack_id
  JOIN hack_categories ON hack_categories.id = hacks.category_id
  WHERE kind <> 'checkins'
    AND session.ended_at IS NOT NULL AND session.duration_seconds >= %(min_counted_seconds)s
    AND app.local_date(session.created_at, session.timezone, session.day_start) - session.practice_date
      <= %(logging_deadline_days)s
    AND (hack IS NULL OR hacks.slug = hack)
    AND (category IS NULL OR hack_categories.name = category)
  UNION ALL
  SELECT begun.id, checkin.created_at, checkin.id, 1
  FROM begun
  JOIN daily_checkins AS checkin
    ON checkin.user_id = begun.user_id AND checkin.created_at >= start_date AND checkin.created_at < end_date
  -- A check-in for a day that was over before the challenge began does not count.
  WHERE kind = 'checkins'
    AND app.day_begins_at(checkin.checkin_date + 1, checkin.timezone, checkin.day_start) > start_date
), running AS (
  SELECT activities.*, sum(amount) OVER (PARTITION BY id ORDER BY done_at, source_id) AS total FROM activities
), tallied AS (
  SELECT begun.id,
         COALESCE(max(total), 0) / units AS score,
         max(done_at) FILTER (WHERE amount > 0) AS scored_at,
         GREATEST(min(done_at) FILTER (WHERE total >= needed * units), joined_at) AS completed_at,
         count(*) FILTER (WHERE total >= needed * units) > 0 AS is_completed
  FROM begun LEFT JOIN running ON running.id = begun.id
  GROUP BY begun.id, units, needed, joined_at
), written AS (
  UPDATE challenge_participants AS participant
  SET score = tallied.score, scored_at = tallied.scored_at,
      completed_at = CASE WHEN is_completed THEN tallied.completed_at END
  FROM tallied
  WHERE participant.id = tallied.id
    AND (participant.score, participant.scored_at, participant.completed_at)
      IS DISTINCT FROM (
        tallied.score, tallied.scored_at, CASE WHEN is_completed THEN tallied.completed_at END
      )
  RETURNING participant.id
)
SELECT count(*) FROM written
