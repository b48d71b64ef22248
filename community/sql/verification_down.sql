-- Policies and grants go with their tables.
DROP TRIGGER stamp_author ON hack_verification_leases;
DROP TRIGGER stamp_author ON hack_verification_reviews;
DROP FUNCTION app.stamp_author();
ALTER TABLE hack_verification_leases DROP CONSTRAINT hack_verification_leases_author;
ALTER TABLE hack_verification_reviews
  DROP CONSTRAINT hack_verification_reviews_comment_length,
  DROP CONSTRAINT hack_verification_reviews_author;
GRANT SELECT ON users TO nrghax_member;
