CALL app.protect('hack_verification_rounds');
CREATE POLICY member_own ON hack_verification_rounds FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM hack_verifications
    WHERE hack_verifications.id = hack_verification_rounds.verification_id AND user_id = (SELECT app.uid())
  )
);
GRANT SELECT ON hack_verification_rounds TO nrghax_member;
