-- Rights on submissions. Reviewers can't read this table, and authors can't read who reviewed. Members are granted
-- columns, not tables, because that excludes the system columns: xmin and xmax name the transaction that wrote or
-- locked a row, and a member could use them to match a review with the other party's row in users.
CALL app.protect('hack_verifications');
CALL app.track_updated_at('hack_verifications');
CREATE POLICY member_own ON hack_verifications FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
CREATE POLICY member_drafts ON hack_verifications FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND status = 'draft' AND round = 1 AND submitted_at IS NULL
  AND verification_count = 0 AND rejection_count = 0 AND nudged_at IS NULL AND escalated_at IS NULL
  AND decided_by_id IS NULL AND decision_reason = ''
);
CREATE POLICY member_changes ON hack_verifications FOR UPDATE TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT INSERT ON hack_verifications TO nrghax_member;
GRANT SELECT (id, user_id, hack_id, verification_questions, is_anonymous, status, round, submitted_at,
              verification_count, rejection_count, is_verified, verified_at, escalated_at, decided_at, revoked_at,
              decision_reason, created_at, updated_at)
  ON hack_verifications TO nrghax_member;
GRANT UPDATE (verification_questions, is_anonymous, status) ON hack_verifications TO nrghax_member;

-- Check a change that the author makes: refuse one that the submission's state does not allow, and set the columns that
-- follow from it. It runs as the member, so that row security limits its reads to the member's own rows.
CREATE FUNCTION app.guard_verification() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    DECLARE
      hack record;
      reviews integer;
      step text;
    BEGIN
      IF current_user <> 'nrghax_member' THEN
        RETURN NEW;
      END IF;
      SELECT requires_verification, verification_questions, verification_practice_count
        INTO hack FROM public.hacks WHERE id = NEW.hack_id;
      IF TG_OP = 'INSERT' THEN
        IF NOT hack.requires_verification THEN
          CALL app.refuse('hack_verifications_not_asked', 'This hack asks for no verification.');
        END IF;
        RETURN NEW;
      END IF;
      reviews := OLD.verification_count + OLD.rejection_count;
      step := OLD.status || ' to ' || NEW.status;
      IF step NOT IN ('draft to draft', 'draft to submitted', 'submitted to submitted', 'submitted to draft',
                      'escalated to draft', 'returned to draft') THEN
        CALL app.refuse('hack_verifications_no_such_step', 'A submission can''t go from ' || step || '.');
      END IF;
      IF step = 'submitted to submitted' AND reviews > 0 THEN
        CALL app.refuse('hack_verifications_under_review', 'A reviewer has already reviewed it.');
      END IF;
      IF NEW.status = 'submitted' THEN
        IF NOT hack.requires_verification THEN
          CALL app.refuse('hack_verifications_not_asked', 'This hack asks for no verification.');
        END IF;
        IF NOT app.answers_all(NEW.verification_questions, hack.verification_questions) THEN
          CALL app.refuse('hack_verifications_answer_all', 'Not every question of the hack is answered.');
        END IF;
      END IF;
      IF step = 'draft to submitted' THEN
        IF NOT EXISTS (
          SELECT FROM public.user_hack_progress
          WHERE user_id = NEW.user_id AND hack_id = NEW.hack_id
            AND total_practice_count >= hack.verification_practice_count
        ) THEN
          CALL app.refuse('hack_verifications_practise_first', 'It has not been practised often enough.');
        END IF;
        NEW.submitted_at := now();
      ELSIF NEW.status = 'draft' AND OLD.status <> 'draft' THEN
        -- Reviewed answers become history: the next submission starts a new round with counts of 0.
        IF reviews > 0 OR OLD.status = 'returned' THEN
          NEW.round := OLD.round + 1;
          NEW.verification_count := 0;
          NEW.rejection_count := 0;
        END IF;
        NEW.submitted_at := NULL;
        NEW.nudged_at := NULL;
        NEW.escalated_at := NULL;
        NEW.decided_at := NULL;
        NEW.decided_by_id := NULL;
        NEW.decision_reason := '';
      END IF;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER guard_verification BEFORE INSERT OR UPDATE ON hack_verifications
  FOR EACH ROW EXECUTE FUNCTION app.guard_verification();

-- Refuse answers that an earlier round returned or that staff revoked: three new reviewers would read the same text.
-- Withdrawn answers may be submitted again.
CREATE FUNCTION app.refuse_unchanged() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      IF current_user = 'nrghax_member' AND EXISTS (
        SELECT FROM public.hack_verification_rounds
        WHERE verification_id = NEW.id AND outcome IN ('returned', 'revoked')
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

-- Clear `revoked_at` when the author begins to revise: it belongs to the round that was revoked.
CREATE FUNCTION app.begin_new_round() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      NEW.revoked_at := NULL;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER begin_new_round BEFORE UPDATE ON hack_verifications
  FOR EACH ROW WHEN (OLD.status = 'returned' AND NEW.status <> 'returned') EXECUTE FUNCTION app.begin_new_round();

-- Store the round that has ended, and end the open leases when the submission is withdrawn, decided or changed.
CREATE FUNCTION app.follow_verification() RETURNS trigger
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
            COALESCE(OLD.revoked_at, OLD.decided_at, now()),
            CASE
              WHEN OLD.revoked_at IS NOT NULL THEN 'revoked' WHEN OLD.status = 'returned' THEN 'returned'
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
CREATE TRIGGER follow_verification AFTER UPDATE ON hack_verifications
  FOR EACH ROW EXECUTE FUNCTION app.follow_verification();
