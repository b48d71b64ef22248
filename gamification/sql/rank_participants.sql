-- Ranks who takes part in the challenges that have begun and are not settled, by score, of equals who reached it first.
-- The rank counts everybody whose account is open and is shared by equals: who is banned keeps nobody from the first. The
-- place is the order of those who show themselves, and whoever hides has the place that they would have. Writes only what differs; returns how many rows did. Parameters: challenge_id, or NULL
-- for all; now.
WITH standing AS (
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
  SET rank = standing.rank, ranked_score = standing.score, place = standing.place, is_listed = is_shown
  FROM standing
  WHERE participant.id = standing.id
    AND (participant.rank, participant.ranked_score, participant.place, participant.is_listed)
      IS DISTINCT FROM (standing.rank, standing.score, standing.place, is_shown)
  RETURNING participant.id
)
SELECT count(*) FROM written
