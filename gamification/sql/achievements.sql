CALL app.protect('user_achievements');
CREATE POLICY member_own ON user_achievements FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON user_achievements TO nrghax_member;
