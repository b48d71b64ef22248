CALL app.publish('challenges');
-- That the ranks are final is a worker's to say; whoever joins waits for it, and it for them.
GRANT UPDATE (settled_at) ON challenges TO nrghax_worker;

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
