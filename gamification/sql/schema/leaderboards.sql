-- Members read all boards and steps, their own entries, and the entries of members who show their totals now. A member
-- who hides them, closes the account or is banned disappears at once, not with the next count.
CALL app.protect('leaderboards');
CREATE POLICY member_read ON leaderboards FOR SELECT TO nrghax_member USING (true);
GRANT SELECT ON leaderboards TO nrghax_member;

CALL app.protect('leaderboard_steps');
CREATE POLICY member_read ON leaderboard_steps FOR SELECT TO nrghax_member USING (true);
GRANT SELECT ON leaderboard_steps TO nrghax_member;

CALL app.protect('leaderboard_entries');
CREATE POLICY member_own ON leaderboard_entries FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
-- A scalar subquery instead of EXISTS: for EXISTS the planner reads all users into a hash, even for a page with a
-- LIMIT.
CREATE POLICY member_visible ON leaderboard_entries FOR SELECT TO nrghax_member USING (
  (
    SELECT is_active AND privacy_settings @> '{"leaderboard_visible": true}'
    FROM users WHERE users.id = leaderboard_entries.user_id
  )
);
-- The times of changes stay hidden, for the same reason as in user_xp.
GRANT SELECT (board_id, user_id, xp, is_listed) ON leaderboard_entries TO nrghax_member;

-- Staff can't write places. They may delete these rows, because erasing a member does.
REVOKE INSERT, UPDATE ON leaderboards, leaderboard_steps, leaderboard_entries FROM nrghax_staff;
