DROP POLICY member_begins ON user_hack_progress;
CREATE POLICY member_begins ON user_hack_progress FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND unlocked_at IS NULL AND first_practiced_at IS NULL AND last_practiced_at IS NULL
  AND total_practice_count = 0 AND total_practice_minutes = 0 AND days_active = 0 AND mastery_level = 0
);
UPDATE hacks SET unlock_criteria = unlock_criteria - 'verified' WHERE unlock_criteria ? 'verified';
ALTER TABLE hacks
  DROP CONSTRAINT hacks_unlock_criteria_known,
  DROP CONSTRAINT hacks_unlock_criteria_whole,
  ADD CONSTRAINT hacks_unlock_criteria_known CHECK (
    jsonb_typeof(unlock_criteria) = 'object'
    AND unlock_criteria - ARRAY['practice_count', 'days_active'] = '{}'
  ),
  ADD CONSTRAINT hacks_unlock_criteria_whole CHECK (
    jsonb_typeof(COALESCE(unlock_criteria -> 'practice_count', '1')) = 'number'
    AND jsonb_typeof(COALESCE(unlock_criteria -> 'days_active', '1')) = 'number'
    AND COALESCE(unlock_criteria ->> 'practice_count', '1') ~ '^([1-9][0-9]{0,2}|1000)$'
    AND COALESCE(unlock_criteria ->> 'days_active', '1') ~ '^([1-9][0-9]{0,2}|1000)$'
  );
