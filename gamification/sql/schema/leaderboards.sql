-- Boards and their steps are content for members. Entries are their owner's, and everybody's whose owner shows them now,
-- whatever was so when they were counted: who opts out, closes the account or is banned is gone with the commit.
CALL app.protect('leaderboards');
CREATE POLICY member_read ON leaderboards FOR SELECT TO nrghax_member USING (true);
GRANT SELECT ON leaderboards TO nrghax_member;

CALL app.protect('leaderboard_steps');
CREATE POLICY member_read ON leaderboard_steps FOR SELECT TO nrghax_member USING (true);
GRANT SELECT ON leaderboard_steps TO nrghax_member;

CALL app.protect('leaderboard_entries');
CREATE POLICY member_own ON leaderboard_entries FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
-- A value, not EXISTS: for that the planner would read all users into a hash, whatever a page's LIMIT says.
CREATE POLICY member_visible ON leaderboard_entries FOR SELECT TO nrghax_member USING (
  (
    SELECT is_active AND privacy_settings @> '{"leaderboard_visible": true}'
    FROM users WHERE users.id = leaderboard_entries.user_id
  )
);
-- Nor is it to be read when a place changed (see user_xp).
GRANT SELECT (board_id, user_id, xp, is_listed) ON leaderboard_entries TO nrghax_member;

-- Nobody is placed by hand. Staff may erase a member, and with that the rows.
REVOKE INSERT, UPDATE ON leaderboards, leaderboard_steps, leaderboard_entries FROM nrghax_staff;
