-- The lease of a review that was given stays for a day, as those do that ended otherwise: its address says what became
-- of it.

-- A known case comes after at least four reviews of members' submissions, so that it is never more than one in five.
CREATE OR REPLACE FUNCTION app.known_case_is_due(reviewer uuid) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = ''
  AS $$
    SELECT NOT EXISTS (
        SELECT FROM public.hack_verification_leases
        WHERE reviewer_user_id = reviewer AND author_user_id IS NULL AND ended <> 'reviewed'
      )
      AND 4 = (
        SELECT count(*) FROM (
          SELECT FROM public.hack_verification_reviews
          WHERE reviewer_user_id = reviewer AND author_user_id IS NOT NULL AND reviewed_at > COALESCE(
            (SELECT max(reviewed_at) FROM public.hack_verification_reviews
             WHERE reviewer_user_id = reviewer AND author_user_id IS NULL),
            '-infinity'
          )
          LIMIT 4
        ) AS since
      )
  $$;

-- Stores the review of a lease; false where it is stored already. The lock comes before anything is judged, so that an
-- edit, a withdrawal, another review or the same one once more either came first or waits.
CREATE OR REPLACE FUNCTION app.review_verification(lease uuid, review uuid, is_authentic boolean, comment text)
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
      -- Nor is it stored under an id that is another review's.
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
