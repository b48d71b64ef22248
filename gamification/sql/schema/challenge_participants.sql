CALL app.protect('challenge_participants');
CREATE POLICY member_own ON challenge_participants FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
CREATE POLICY member_visible ON challenge_participants FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = challenge_participants.user_id
      AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
CREATE POLICY member_join ON challenge_participants FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND score = 0 AND scored_at IS NULL AND completed_at IS NULL
  AND completion_data = '{}' AND rank IS NULL AND ranked_score = 0 AND place IS NULL AND NOT is_listed
);
CREATE POLICY member_leave ON challenge_participants FOR DELETE TO nrghax_member
  USING (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON challenge_participants TO nrghax_member;
-- Only members and workers write these rows. Staff may delete them, because erasing a member does.
REVOKE INSERT, UPDATE ON challenge_participants FROM nrghax_staff;

-- Return the number of a challenge's participants, including those that the caller may not see.
CREATE FUNCTION app.participant_count(challenge uuid) RETURNS integer
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$ SELECT count(*)::integer FROM public.challenge_participants p WHERE p.challenge_id = challenge $$;
GRANT EXECUTE ON FUNCTION app.participant_count(uuid) TO nrghax_member, nrghax_staff, nrghax_worker;

-- Refuse a new participant if the challenge is full. A member is also refused if the challenge is off or over.
CREATE FUNCTION app.guard_joining() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  joined public.challenges;
  refusal text;
BEGIN
  -- Members who join at the same time take turns, so that each one counts those before.
  SELECT c.* INTO joined FROM public.challenges c WHERE c.id = NEW.challenge_id FOR NO KEY UPDATE;
  -- The unique key refuses a member who takes part already; "full" would be the wrong reason.
  IF EXISTS (
    SELECT FROM public.challenge_participants p WHERE p.challenge_id = NEW.challenge_id AND p.user_id = NEW.user_id
  ) THEN
    RETURN NEW;
  END IF;
  IF app.acts_as_member() THEN
    NEW.joined_at := clock_timestamp();
    refusal := CASE
      WHEN NOT joined.is_active THEN 'challenge_off'
      WHEN joined.end_date <= NEW.joined_at THEN 'challenge_over'
    END;
  END IF;
  IF joined.max_participants <= app.participant_count(NEW.challenge_id) THEN
    refusal := coalesce(refusal, 'challenge_full');
  END IF;
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION 'This challenge can''t be joined.'
      USING ERRCODE = 'check_violation', CONSTRAINT = refusal, TABLE = 'challenge_participants';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER challenge_joining_guard BEFORE INSERT ON challenge_participants
  FOR EACH ROW EXECUTE FUNCTION app.guard_joining();

-- Refuse to let a member leave a challenge that is over or cancelled: the result stays.
CREATE FUNCTION app.guard_leaving() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF app.acts_as_member() AND EXISTS (
    SELECT FROM public.challenges c
    WHERE c.id = OLD.challenge_id AND (c.end_date <= clock_timestamp() OR NOT c.is_active)
  ) THEN
    RAISE EXCEPTION 'The challenge is over.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_over', TABLE = 'challenge_participants';
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER challenge_leaving_guard BEFORE DELETE ON challenge_participants
  FOR EACH ROW EXECUTE FUNCTION app.guard_leaving();
