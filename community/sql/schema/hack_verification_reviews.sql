CALL app.protect('hack_verification_reviews');
CREATE POLICY member_wrote ON hack_verification_reviews FOR SELECT TO nrghax_member
  USING (reviewer_user_id = (SELECT app.uid()));
CREATE POLICY member_is_reviewed ON hack_verification_reviews FOR SELECT TO nrghax_member
  USING (author_user_id = (SELECT app.uid()));
GRANT SELECT (id, verification_id, round, is_authentic, comment, seconds, reviewed_at)
  ON hack_verification_reviews TO nrghax_member;

-- Decide a submission that waits for peers or staff, and record the activity that tells the author. Return the
-- activity's id; null if the submission is not waiting or is a known case.
CREATE FUNCTION app.close_verification(closing uuid, authentic boolean) RETURNS uuid
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    DECLARE
      closed public.hack_verifications;
      activity uuid := app.uuid7();
    BEGIN
      UPDATE public.hack_verifications
        SET status = CASE WHEN authentic THEN 'verified' ELSE 'returned' END, is_verified = authentic,
            verified_at = CASE WHEN authentic THEN now() END, decided_at = now()
        WHERE id = closing AND status IN ('submitted', 'escalated') AND user_id IS NOT NULL
        RETURNING * INTO closed;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      IF authentic THEN
        INSERT INTO public.user_hack_progress (id, user_id, hack_id, verified_at)
          VALUES (app.uuid7(), closed.user_id, closed.hack_id, now())
          ON CONFLICT (user_id, hack_id) DO UPDATE SET verified_at = excluded.verified_at;
      END IF;
      INSERT INTO public.user_activity_logs (id, user_id, activity_type, activity_data, created_at)
        SELECT activity, closed.user_id, 'verification_decided',
          jsonb_build_object('verification_id', closed.id, 'round', closed.round, 'outcome', closed.status,
                             'is_anonymous', closed.is_anonymous,
                             'hack_id', hacks.id, 'name', hacks.name, 'slug', hacks.slug), now()
        FROM public.hacks WHERE hacks.id = closed.hack_id;
      RETURN activity;
    END
  $$;
GRANT EXECUTE ON FUNCTION app.close_verification(uuid, boolean) TO nrghax_staff, nrghax_worker;

-- Count the reviews of a submission's present round: those that say "authentic" and the others. The trigger and the
-- nightly drift check share it.
CREATE FUNCTION app.count_reviews(counted uuid, OUT authentic bigint, OUT other bigint)
  LANGUAGE sql STABLE SET search_path = ''
  AS $$
    SELECT count(*) FILTER (WHERE reviews.is_authentic), count(*) FILTER (WHERE NOT reviews.is_authentic)
    FROM public.hack_verification_reviews AS reviews
    JOIN public.hack_verifications AS reviewed ON reviewed.id = reviews.verification_id
    WHERE reviewed.id = counted AND reviews.round = reviewed.round
  $$;
GRANT EXECUTE ON FUNCTION app.count_reviews(uuid) TO nrghax_worker;

-- Update a submission's counts after a change of its reviews. A new review that is the third of one kind decides the
-- submission.
CREATE FUNCTION app.check_hack_verification() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    DECLARE
      reviewed uuid := COALESCE(NEW.verification_id, OLD.verification_id);
      counts record;
    BEGIN
      -- Concurrent reviews take turns: each count includes the reviews that came before. A known case is never decided.
      PERFORM FROM public.hack_verifications WHERE id = reviewed AND user_id IS NOT NULL FOR NO KEY UPDATE;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      counts := app.count_reviews(reviewed);
      UPDATE public.hack_verifications
        SET verification_count = counts.authentic, rejection_count = counts.other WHERE id = reviewed;
      IF GREATEST(counts.authentic, counts.other) >= 3 AND TG_OP = 'INSERT' THEN
        PERFORM app.close_verification(reviewed, counts.authentic >= 3);
      END IF;
      RETURN NULL;
    END
  $$;
CREATE TRIGGER check_hack_verification AFTER INSERT OR DELETE OR UPDATE OF is_authentic, round
  ON hack_verification_reviews FOR EACH ROW EXECUTE FUNCTION app.check_hack_verification();

-- Store the caller's review of a leased submission. Return false if this review is stored already; refuse with the
-- state of the lease if it is not open. The lock on the submission comes first, so that concurrent edits, withdrawals
-- and reviews take turns.
CREATE FUNCTION app.review_verification(lease uuid, review uuid, is_authentic boolean, comment text)
  RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    DECLARE
      me uuid := app.uid();
      held public.hack_verification_leases;
      state text;
    BEGIN
      PERFORM FROM public.hack_verifications
        WHERE id = (SELECT verification_id FROM public.hack_verification_leases WHERE id = lease AND reviewer_user_id = me)
        FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM public.hack_verification_reviews WHERE id = review AND reviewer_user_id = me) THEN
        RETURN false;
      END IF;
      SELECT * INTO held FROM public.hack_verification_leases WHERE id = lease AND reviewer_user_id = me FOR UPDATE;
      -- The client makes the review's id. An id of another reviewer's review is refused like an unknown lease.
      state := CASE
        WHEN FOUND AND NOT EXISTS (SELECT FROM public.hack_verification_reviews WHERE id = review) THEN app.state_of(held)
        ELSE 'unknown'
      END;
      IF state <> 'open' THEN
        CALL app.refuse('hack_verification_lease_' || state, 'This review is no longer yours to give.');
      END IF;
      UPDATE public.hack_verification_leases SET ended = 'reviewed' WHERE id = lease;
      INSERT INTO public.hack_verification_reviews
          (id, verification_id, round, reviewer_user_id, is_authentic, comment, seconds, reviewed_at)
        SELECT review, reviewed.id, reviewed.round, me, review_verification.is_authentic,
          btrim(review_verification.comment, E' \t\r\n'),
          extract(epoch FROM clock_timestamp() - held.leased_at)::integer, clock_timestamp()
        FROM public.hack_verifications AS reviewed WHERE reviewed.id = held.verification_id;
      RETURN true;
    END
  $$;
GRANT EXECUTE ON FUNCTION app.review_verification(uuid, uuid, boolean, text) TO nrghax_member;
