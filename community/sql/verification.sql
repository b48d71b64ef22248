-- Who reads and writes what of verifications. A reviewer never reads the table of submissions, an author never reads
-- who reviewed: columns are granted, not tables. That leaves out the system columns too: xmin and xmax name the
-- transaction that wrote or locked a row, and by them a review could be matched with the card of its other party.
CALL app.protect('hack_verifications');
CALL app.track_updated_at('hack_verifications');
CREATE POLICY member_own ON hack_verifications FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
CREATE POLICY member_drafts ON hack_verifications FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND status = 'draft' AND round = 1 AND submitted_at IS NULL
  AND verification_count = 0 AND rejection_count = 0 AND nudged_at IS NULL AND escalated_at IS NULL
  AND decided_by_id IS NULL AND decision_reason = ''
);
CREATE POLICY member_changes ON hack_verifications FOR UPDATE TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT INSERT ON hack_verifications TO nrghax_member;
GRANT SELECT (id, user_id, hack_id, verification_questions, is_anonymous, status, round, submitted_at,
              verification_count, rejection_count, is_verified, verified_at, escalated_at, decided_at, decision_reason,
              created_at, updated_at)
  ON hack_verifications TO nrghax_member;
GRANT UPDATE (verification_questions, is_anonymous, status) ON hack_verifications TO nrghax_member;

CALL app.protect('hack_verification_rounds');
CREATE POLICY member_own ON hack_verification_rounds FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM hack_verifications
    WHERE hack_verifications.id = hack_verification_rounds.verification_id AND user_id = (SELECT app.uid())
  )
);
GRANT SELECT ON hack_verification_rounds TO nrghax_member;

CALL app.protect('hack_verification_reviews');
CREATE POLICY member_wrote ON hack_verification_reviews FOR SELECT TO nrghax_member
  USING (reviewer_user_id = (SELECT app.uid()));
CREATE POLICY member_is_reviewed ON hack_verification_reviews FOR SELECT TO nrghax_member
  USING (author_user_id = (SELECT app.uid()));
GRANT SELECT (id, verification_id, round, is_authentic, comment, seconds, reviewed_at)
  ON hack_verification_reviews TO nrghax_member;

CALL app.protect('hack_verification_leases');
CALL app.protect('reviewer_signs');
CALL app.track_updated_at('reviewer_signs');

REVOKE SELECT ON users FROM nrghax_member;
GRANT SELECT (id, username, display_name, avatar_url, privacy_settings, graduation_status, graduated_at, is_active,
              created_at, updated_at)
  ON users TO nrghax_member;

-- Nobody reviews their own, whatever their role: the author stands in each review and lease, whatever was written
-- there; the key holds it to the submission's, and the CHECK of the model holds it apart from the reviewer.
CREATE FUNCTION app.stamp_author() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      SELECT user_id INTO NEW.author_user_id FROM public.hack_verifications WHERE id = NEW.verification_id;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON hack_verification_reviews
  FOR EACH ROW EXECUTE FUNCTION app.stamp_author();
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON hack_verification_leases
  FOR EACH ROW EXECUTE FUNCTION app.stamp_author();
ALTER TABLE hack_verification_reviews
  ADD CONSTRAINT hack_verification_reviews_author FOREIGN KEY (verification_id, author_user_id)
    REFERENCES hack_verifications (id, user_id) ON DELETE CASCADE,
  ADD CONSTRAINT hack_verification_reviews_comment_length CHECK (char_length(comment) <= 2000);
ALTER TABLE hack_verification_leases
  ADD CONSTRAINT hack_verification_leases_author FOREIGN KEY (verification_id, author_user_id)
    REFERENCES hack_verifications (id, user_id) ON DELETE CASCADE;
