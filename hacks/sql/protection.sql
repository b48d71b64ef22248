-- The catalogue is content: everybody reads it, staff write it. Full text behind a policy would lose its index.
CALL app.publish('hack_categories');
CALL app.publish('hacks');
CALL app.track_updated_at('hacks');

CALL app.protect('user_hack_progress');
CALL app.track_updated_at('user_hack_progress');
CREATE POLICY member_own ON user_hack_progress FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
-- A member may star a hack or write a note on it before practising; what is earned comes from triggers and workers.
CREATE POLICY member_begins ON user_hack_progress FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND unlocked_at IS NULL AND first_practiced_at IS NULL AND last_practiced_at IS NULL
  AND total_practice_count = 0 AND total_practice_minutes = 0 AND days_active = 0 AND mastery_level = 0
);
CREATE POLICY member_changes ON user_hack_progress FOR UPDATE TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT ON user_hack_progress TO nrghax_member;
GRANT UPDATE (is_favorite, notes) ON user_hack_progress TO nrghax_member;

-- What the form refuses is refused to every role: known keys, whole numbers from 1 to 1000, a list of questions.
ALTER TABLE hacks
  ADD CONSTRAINT hacks_unlock_criteria_known CHECK (
    jsonb_typeof(unlock_criteria) = 'object'
    AND unlock_criteria - ARRAY['practice_count', 'days_active'] = '{}'
  ),
  ADD CONSTRAINT hacks_unlock_criteria_whole CHECK (
    jsonb_typeof(COALESCE(unlock_criteria -> 'practice_count', '1')) = 'number'
    AND jsonb_typeof(COALESCE(unlock_criteria -> 'days_active', '1')) = 'number'
    AND COALESCE(unlock_criteria ->> 'practice_count', '1') ~ '^([1-9][0-9]{0,2}|1000)$'
    AND COALESCE(unlock_criteria ->> 'days_active', '1') ~ '^([1-9][0-9]{0,2}|1000)$'
  ),
  ADD CONSTRAINT hacks_verification_questions_list CHECK (jsonb_typeof(verification_questions) = 'array');

-- Nobody could ever unlock hacks that wait for each other. Edits of prerequisites take turns: of two at once, each
-- would see no cycle without the lock; with it, the later one's query sees what the earlier one has committed.
CREATE FUNCTION app.refuse_prerequisite_cycle() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('hacks.prerequisites'));
      IF EXISTS (
        WITH RECURSIVE way(id) AS (
          SELECT prerequisite_hack_id FROM public.hacks WHERE id = NEW.id AND prerequisite_hack_id IS NOT NULL
          UNION
          SELECT hacks.prerequisite_hack_id
          FROM way JOIN public.hacks USING (id)
          WHERE hacks.prerequisite_hack_id IS NOT NULL
        )
        SELECT FROM way WHERE way.id = NEW.id
      ) THEN
        RAISE EXCEPTION 'The prerequisites of hack % lead back to itself.', NEW.id
          USING ERRCODE = 'check_violation', TABLE = 'hacks', CONSTRAINT = 'hacks_no_prerequisite_cycle';
      END IF;
      RETURN NULL;
    END
  $$;
CREATE CONSTRAINT TRIGGER hacks_no_prerequisite_cycle
  AFTER INSERT OR UPDATE OF prerequisite_hack_id ON hacks
  DEFERRABLE INITIALLY IMMEDIATE
  FOR EACH ROW WHEN (NEW.prerequisite_hack_id IS NOT NULL)
  EXECUTE FUNCTION app.refuse_prerequisite_cycle();
