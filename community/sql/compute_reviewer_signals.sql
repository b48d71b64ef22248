-- Compute for each reviewer the signals of collusion and carelessness that staff see. Return the reviewers whose row
-- was written or deleted.
WITH judged AS (
  SELECT reviews.reviewer_user_id AS reviewer, reviews.author_user_id AS author, reviews.is_authentic, reviews.seconds,
    reviewed.known_outcome,
    CASE
      WHEN reviews.round = reviewed.round AND reviewed.decided_at IS NOT NULL THEN reviewed.is_verified
      WHEN past.outcome IN ('returned', 'revoked') THEN false
    END AS outcome
  FROM hack_verification_reviews AS reviews
  JOIN hack_verifications AS reviewed ON reviewed.id = reviews.verification_id
  LEFT JOIN hack_verification_rounds AS past
    ON past.verification_id = reviews.verification_id AND past.round = reviews.round
  WHERE reviews.reviewer_user_id IS NOT NULL
), pairs AS (
  SELECT DISTINCT reviewer, author FROM judged WHERE author IS NOT NULL
), reciprocal AS (
  SELECT one.reviewer, count(*) AS pairs
  FROM pairs AS one JOIN pairs AS other ON (other.reviewer, other.author) = (one.author, one.reviewer)
  GROUP BY one.reviewer
), signals AS (
  SELECT reviewer, count(*) AS reviews,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)::integer AS median_seconds,
    COALESCE(max(reciprocal.pairs), 0) AS reciprocal_pairs,
    count(known_outcome) AS known_cases,
    count(*) FILTER (WHERE is_authentic = known_outcome) AS known_cases_right,
    count(*) FILTER (WHERE is_authentic = outcome) AS agreements,
    count(outcome) AS outcomes
  FROM judged LEFT JOIN reciprocal USING (reviewer)
  GROUP BY reviewer
), written AS (
  INSERT INTO reviewer_signals AS old
    (reviewer_user_id, reviews, median_seconds, reciprocal_pairs, known_cases, known_cases_right, agreements, outcomes)
  SELECT * FROM signals
  ON CONFLICT (reviewer_user_id) DO UPDATE
    SET (reviews, median_seconds, reciprocal_pairs, known_cases, known_cases_right, agreements, outcomes)
      = (excluded.reviews, excluded.median_seconds, excluded.reciprocal_pairs, excluded.known_cases,
         excluded.known_cases_right, excluded.agreements, excluded.outcomes)
    WHERE (old.reviews, old.median_seconds, old.reciprocal_pairs, old.known_cases, old.known_cases_right,
           old.agreements, old.outcomes)
      IS DISTINCT FROM (excluded.reviews, excluded.median_seconds, excluded.reciprocal_pairs, excluded.known_cases,
                        excluded.known_cases_right, excluded.agreements, excluded.outcomes)
  RETURNING reviewer_user_id
), removed AS (
  DELETE FROM reviewer_signals WHERE reviewer_user_id NOT IN (SELECT reviewer FROM signals) RETURNING reviewer_user_id
)
SELECT * FROM written UNION ALL SELECT * FROM removed
