-- Drift check: recount the reviews of every submission, repair the counts that differ and return those submissions.
UPDATE hack_verifications
SET verification_count = counts.authentic, rejection_count = counts.other
FROM hack_verifications AS counted CROSS JOIN LATERAL app.count_reviews(counted.id) AS counts
WHERE counted.id = hack_verifications.id AND hack_verifications.user_id IS NOT NULL
  AND (hack_verifications.verification_count, hack_verifications.rejection_count)
      IS DISTINCT FROM (counts.authentic, counts.other)
RETURNING hack_verifications.id
