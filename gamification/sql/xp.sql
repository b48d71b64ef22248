CALL app.protect('xp_ledger');
CREATE POLICY member_own ON xp_ledger FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON xp_ledger TO nrghax_member;

CALL app.protect('user_xp');
CALL app.track_updated_at('user_xp');
CREATE POLICY member_own ON user_xp FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON user_xp TO nrghax_member;
