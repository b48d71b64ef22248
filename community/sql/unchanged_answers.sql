-- What came back is not handed to three new reviewers as it is: something of it has to be answered anew. What its author
-- withdrew may be submitted again in the same words.
CREATE FUNCTION app.refuse_unchanged() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      IF current_user = 'nrghax_member' AND EXISTS (
        SELECT FROM public.hack_verification_rounds
        WHERE verification_id = NEW.id AND outcome IN ('returned', 'taken_back')
          AND verification_questions = NEW.verification_questions
      ) THEN
        CALL app.refuse('hack_verifications_unchanged', 'These answers have come back before.');
      END IF;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER refuse_unchanged BEFORE UPDATE ON hack_verifications
  FOR EACH ROW WHEN (
    NEW.status = 'submitted'
    AND (OLD.status <> 'submitted' OR NEW.verification_questions IS DISTINCT FROM OLD.verification_questions)
  ) EXECUTE FUNCTION app.refuse_unchanged();
