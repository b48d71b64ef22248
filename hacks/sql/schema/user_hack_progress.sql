-- Staff can't read notes.
CALL app.protect(
  'user_hack_progress',
  'id, user_id, hack_id, unlocked_at, first_practiced_at, last_practiced_at, total_practice_count,
   total_practice_minutes, days_active, mastery_level, verified_at, is_favorite, updated_at'
);
CALL app.track_updated_at('user_hack_progress');
CREATE POLICY member_own ON user_hack_progress FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
-- A member may star a hack or write a note on it before practising. Triggers, workers and staff write all other
-- columns.
CREATE POLICY member_begins ON user_hack_progress FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND unlocked_at IS NULL AND first_practiced_at IS NULL AND last_practiced_at IS NULL
  AND total_practice_count = 0 AND total_practice_minutes = 0 AND days_active = 0 AND mastery_level = 0
  AND verified_at IS NULL
);
CREATE POLICY member_changes ON user_hack_progress FOR UPDATE TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT ON user_hack_progress TO nrghax_member;
GRANT UPDATE (is_favorite, notes) ON user_hack_progress TO nrghax_member;
-- Staff decide verifications.
GRANT INSERT (id, user_id, hack_id, verified_at), UPDATE (verified_at) ON user_hack_progress TO nrghax_staff;
