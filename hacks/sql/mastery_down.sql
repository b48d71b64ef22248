DROP POLICY member_begins ON user_hack_progress;
CREATE POLICY member_begins ON user_hack_progress FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND unlocked_at IS NULL AND first_practiced_at IS NULL AND last_practiced_at IS NULL
  AND total_practice_count = 0 AND total_practice_minutes = 0 AND days_active = 0 AND mastery_level = 0
);
