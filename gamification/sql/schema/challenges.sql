CALL app.publish('challenges');
-- Workers settle challenges. With this right they can also lock the row, so that joining and settling take turns.
GRANT UPDATE (settled_at) ON challenges TO nrghax_worker;

-- Protect a challenge that members have joined: refuse to change its dates, criteria or reward, to set its places below
-- the number taken, or to switch it on or off except by cancelling it. A cancellation is final.
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
    RAISE EXCEPTION 'A challenge that a member has joined keeps its dates, criteria and reward.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_is_joined', TABLE = 'challenges';
  END IF;
  IF NEW.max_participants < taken THEN
    RAISE EXCEPTION 'The challenge has more participants than the new limit.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_room_for_all', TABLE = 'challenges';
  END IF;
  RETURN NEW;
END
$$;
-- The guard ignores updates by other triggers: a hack, category or achievement that is renamed updates the criteria or
-- the reward.
CREATE TRIGGER challenge_guard
  BEFORE UPDATE OF start_date, end_date, criteria_json, reward_type, reward_value, max_participants, is_active, cancelled_at
  ON challenges FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION app.guard_challenge();
