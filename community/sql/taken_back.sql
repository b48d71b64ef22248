-- Staff may take a verification back: until it is revised it is returned, and afterwards history knows the round as taken
-- back. decided_at stays what it was, as the expected wait is reckoned from it.
GRANT SELECT (taken_back_at) ON hack_verifications TO nrghax_member;

-- It was the last round that was taken back; with a revision the next one begins.
CREATE FUNCTION app.begin_anew() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      NEW.taken_back_at := NULL;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER begin_anew BEFORE UPDATE ON hack_verifications
  FOR EACH ROW WHEN (OLD.status = 'returned' AND NEW.status <> 'returned') EXECUTE FUNCTION app.begin_anew();

-- Keeps the round that ended, and takes the submission out of the hands of those who read what it no longer says.
CREATE OR REPLACE FUNCTION app.follow_verification() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    DECLARE
      reason text := CASE
        WHEN NEW.status = 'draft' THEN 'withdrawn'
        WHEN NEW.status IN ('returned', 'verified') THEN 'decided'
        WHEN (NEW.verification_questions, NEW.is_anonymous)
             IS DISTINCT FROM (OLD.verification_questions, OLD.is_anonymous) THEN 'changed'
      END;
    BEGIN
      IF NEW.round > OLD.round THEN
        INSERT INTO public.hack_verification_rounds
            (id, verification_id, round, verification_questions, submitted_at, ended_at, outcome, decision_reason)
          VALUES (
            app.uuid7(), OLD.id, OLD.round, OLD.verification_questions, OLD.submitted_at,
            COALESCE(OLD.taken_back_at, OLD.decided_at, now()),
            CASE
              WHEN OLD.taken_back_at IS NOT NULL THEN 'taken_back' WHEN OLD.status = 'returned' THEN 'returned'
              ELSE 'withdrawn'
            END,
            OLD.decision_reason
          );
      END IF;
      IF reason IS NOT NULL THEN
        UPDATE public.hack_verification_leases SET ended = reason
          WHERE verification_id = NEW.id AND ended = '' AND expires_at > clock_timestamp();
      END IF;
      RETURN NULL;
    END
  $$;
