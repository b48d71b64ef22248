-- To the code of before, what was taken back is returned.
UPDATE hack_verification_rounds SET outcome = 'returned' WHERE outcome = 'taken_back';
DROP TRIGGER begin_anew ON hack_verifications;
DROP FUNCTION app.begin_anew();

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
            COALESCE(OLD.decided_at, now()), CASE OLD.status WHEN 'returned' THEN 'returned' ELSE 'withdrawn' END,
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
