-- Recompute the ranks and places in challenges that have begun and are not settled: by score, then by the time at which
-- the score was reached. Members who tie in both share a rank. The rank counts all members with an open account; banned
-- members are ranked apart. The place is the position in the list, which counts only members who show their totals; a
-- member who hides has the place that they would have. Write only the rows that differ and return their number.
-- Parameters: challenge_id, or null for all; now.
WITH ranked AS (
  SELECT participant.id, score, is_shown,
         rank() OVER (PARTITION BY challenge_id, users.is_active ORDER BY score DESC, scored_at) AS rank,
         1 + count(*) FILTER (WHERE is_shown) OVER (
           PARTITION BY challenge_id ORDER BY score DESC, scored_at, joined_at, participant.id
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
         ) AS place
  FROM challenge_participants AS participant
  JOIN challenges ON challenges.id = challenge_id
  JOIN users ON users.id = user_id
  CROSS JOIN LATERAL (
    SELECT users.is_active AND users.privacy_settings @> '{"leaderboard_visible": true}'
  ) AS shown (is_shown)
  WHERE challenges.is_active AND settled_at IS NULL AND start_date <= %(now)s
    AND (%(challenge_id)s::uuid IS NULL OR challenge_id = %(challenge_id)s::uuid)
), written AS (
  UPDATE challenge_participants AS participant
  SET rank = ranked.rank, ranked_score = ranked.score, place = ranked.place, is_listed = is_shown
  FROM ranked
  WHERE participant.id = ranked.id
    AND (participant.rank, participant.ranked_score, participant.place, participant.is_listed)
      IS DISTINCT FROM (ranked.rank, ranked.score, ranked.place, is_shown)
  RETURNING participant.id
)
SELECT count(*) FROM written
