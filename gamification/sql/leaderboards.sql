CALL app.protect('leaderboard_entries');
CREATE POLICY member_own ON leaderboard_entries FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON leaderboard_entries TO nrghax_member;
