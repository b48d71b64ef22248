CALL app.publish('challenges');
-- That the ranks are final is a worker's to say; whoever joins waits for it, and it for them.
GRANT UPDATE (settled_at) ON challenges TO nrghax_worker;

-- What the form refuses is refused to every role (gamification/challenges.py).
ALTER TABLE challenges
  ADD CONSTRAINT challenges_criteria_kind CHECK (
    COALESCE(criteria_json ->> 'type', '') IN (
      'practice_count', 'practice_minutes', 'days_active', 'hacks_tried', 'checkins'
    )
  ),
  ADD CONSTRAINT challenges_criteria_value CHECK (
    COALESCE(jsonb_typeof(criteria_json -> 'value'), '') = 'number'
    AND criteria_json ->> 'value' ~ '^[1-9][0-9]{0,4}$'
  ),
  ADD CONSTRAINT challenges_criteria_narrowed CHECK (
    criteria_json - (
      ARRAY['type', 'value']
      || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'days_active')
           THEN ARRAY['hack'] ELSE '{}' END
      || CASE WHEN criteria_json ->> 'type' <> 'checkins' THEN ARRAY['category'] ELSE '{}' END
    ) = '{}'
    AND NOT criteria_json ?& ARRAY['hack', 'category']
    AND COALESCE(jsonb_typeof(criteria_json -> 'hack'), 'string') = 'string'
    AND COALESCE(jsonb_typeof(criteria_json -> 'category'), 'string') = 'string'
    AND '' NOT IN (COALESCE(criteria_json ->> 'hack', '-'), COALESCE(criteria_json ->> 'category', '-'))
  ),
  ADD CONSTRAINT challenges_reward_fits CHECK (
    CASE reward_type
      WHEN 'xp' THEN reward_value - 'xp' = '{}' AND COALESCE(jsonb_typeof(reward_value -> 'xp'), '') = 'number'
        AND reward_value ->> 'xp' ~ '^[1-9][0-9]{0,3}$'
      WHEN 'achievement' THEN reward_value - 'achievement' = '{}'
        AND COALESCE(jsonb_typeof(reward_value -> 'achievement'), '') = 'string'
        AND reward_value ->> 'achievement' <> ''
      ELSE reward_value = '{}'
    END
  );

-- An achievement that gets another name takes the challenges that are won for it along.
CREATE FUNCTION app.rename_reward() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE public.challenges SET reward_value = pg_catalog.jsonb_build_object('achievement', NEW.slug)
    WHERE reward_type = 'achievement' AND reward_value ->> 'achievement' = OLD.slug;
  RETURN NULL;
END
$$;
CREATE TRIGGER rename_reward AFTER UPDATE OF slug ON achievements
  FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION app.rename_reward();

-- What somebody has joined stays what it was: its time, what counts and what it brings. There may be more places, but
-- never fewer than are taken. It ends by its time or by being cancelled, for good.
CREATE FUNCTION app.guard_challenge() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  taken bigint;
BEGIN
  SELECT count(*) INTO taken FROM public.challenge_participants p WHERE p.challenge_id = NEW.id;
  IF taken = 0 AND OLD.cancelled_at IS NULL THEN
    RETURN NEW;
  END IF;
  IF (NEW.start_date, NEW.end_date, NEW.criteria_json, NEW.reward_type, NEW.reward_value)
     IS DISTINCT FROM (OLD.start_date, OLD.end_date, OLD.criteria_json, OLD.reward_type, OLD.reward_value)
     OR NEW.is_active <> OLD.is_active AND (NEW.is_active OR NEW.cancelled_at IS NULL)
     OR OLD.cancelled_at IS NOT NULL AND NEW.cancelled_at IS NULL
  THEN
    RAISE EXCEPTION 'What somebody has joined stays what it was.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_is_joined', TABLE = 'challenges';
  END IF;
  IF NEW.max_participants < taken THEN
    RAISE EXCEPTION 'More take part than there would be places.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_room_for_all', TABLE = 'challenges';
  END IF;
  RETURN NEW;
END
$$;
-- A hack or an achievement that gets another name changes the criteria by a trigger: that is no other challenge.
CREATE TRIGGER challenge_guard
  BEFORE UPDATE OF start_date, end_date, criteria_json, reward_type, reward_value, max_participants, is_active, cancelled_at
  ON challenges FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION app.guard_challenge();

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
-- Who takes part, and how they do, is theirs and the workers': staff may erase a member, and with that the rows.
REVOKE INSERT, UPDATE ON challenge_participants FROM nrghax_staff;

-- How many take part: members see some of them only, and may know how many there are.
CREATE FUNCTION app.taking_part(challenge uuid) RETURNS integer
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$ SELECT count(*)::integer FROM public.challenge_participants p WHERE p.challenge_id = challenge $$;
REVOKE ALL ON FUNCTION app.taking_part(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.taking_part(uuid) TO nrghax_member, nrghax_staff, nrghax_worker;

CREATE FUNCTION app.guard_joining() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  joined public.challenges;
  refusal text;
BEGIN
  -- Of two who are after the last place, the second counts the first.
  SELECT c.* INTO joined FROM public.challenges c WHERE c.id = NEW.challenge_id FOR NO KEY UPDATE;
  -- The unique key answers whoever is in already; that the last place was theirs is no reason to say that it is full.
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
  IF joined.max_participants <= app.taking_part(NEW.challenge_id) THEN
    refusal := coalesce(refusal, 'challenge_full');
  END IF;
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION 'Nobody can join this challenge.'
      USING ERRCODE = 'check_violation', CONSTRAINT = refusal, TABLE = 'challenge_participants';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER challenge_joining_guard BEFORE INSERT ON challenge_participants
  FOR EACH ROW EXECUTE FUNCTION app.guard_joining();

-- A result stays, also one that was not reached.
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

REVOKE ALL ON FUNCTION app.rename_reward(), app.guard_challenge(), app.guard_joining(), app.guard_leaving() FROM PUBLIC;
