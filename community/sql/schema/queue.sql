-- The queue of submissions as reviewers see it. None of these functions reveals the author of an anonymous submission,
-- or which submissions are known cases: both come without an author.

-- Return the members whose submissions this reviewer may not review: the reviewer and their buddies. A pair counts
-- until it is completed.
CREATE FUNCTION app.connected_members(reviewer uuid) RETURNS TABLE (id uuid)
  LANGUAGE sql STABLE
  AS $$
    SELECT reviewer
    UNION ALL SELECT user2_id FROM public.practice_buddies WHERE user1_id = reviewer AND status <> 'completed'
    UNION ALL SELECT user1_id FROM public.practice_buddies WHERE user2_id = reviewer AND status <> 'completed'
  $$;

-- Return the hacks that the reviewer may review: those they are verified in or have practised often enough.
CREATE FUNCTION app.hacks_to_review(reviewer uuid) RETURNS TABLE (id uuid)
  LANGUAGE sql STABLE
  AS $$
    SELECT hacks.id FROM public.user_hack_progress AS progress JOIN public.hacks ON hacks.id = progress.hack_id
    WHERE progress.user_id = reviewer
      AND (progress.verified_at IS NOT NULL OR progress.total_practice_count >= hacks.reviewer_practice_count)
  $$;

-- Return true if the reviewer may get a known case: they have given four reviews of members' submissions since the last
-- one and have no other lease on one, open or ended without a review. So a known case is at most every fifth review.
CREATE FUNCTION app.known_case_is_due(reviewer uuid) RETURNS boolean
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

-- Return the submissions for a hack that the reviewer may lease now. The caller checks that the reviewer may review the
-- hack. Submissions of banned members are left out until the ban is lifted; they keep their place.
CREATE FUNCTION app.reviewable(reviewer uuid, of_hack uuid) RETURNS TABLE (id uuid, submitted_at timestamptz)
  LANGUAGE sql STABLE
  AS $$
    SELECT waiting.id, waiting.submitted_at
    FROM public.hack_verifications AS waiting
    WHERE waiting.hack_id = of_hack AND waiting.status = 'submitted'
      AND NOT EXISTS (SELECT FROM app.connected_members(reviewer) AS near WHERE near.id = waiting.user_id)
      AND NOT EXISTS (SELECT FROM public.users AS author WHERE author.id = waiting.user_id AND NOT author.is_active)
      AND (waiting.user_id IS NOT NULL OR (SELECT app.known_case_is_due(reviewer)))
      AND NOT EXISTS (
        SELECT FROM public.hack_verification_reviews AS reviewed
        WHERE reviewed.verification_id = waiting.id AND reviewed.reviewer_user_id = reviewer
      )
      AND NOT EXISTS (
        SELECT FROM public.hack_verification_leases AS own
        WHERE own.verification_id = waiting.id AND own.reviewer_user_id = reviewer
          AND (own.ended = 'given_back' OR own.ended = '' AND own.expires_at > clock_timestamp())
      )
      AND 3 > GREATEST(waiting.verification_count, waiting.rejection_count) + (
        SELECT count(*) FROM public.hack_verification_leases AS held
        WHERE held.verification_id = waiting.id AND held.ended = '' AND held.expires_at > clock_timestamp()
      )
  $$;

-- Lease the oldest submission that the caller may review, of one hack or (null) of any, for 30 minutes. Return the
-- lease's id; null if there is none. The search skips locked submissions first, and waits for them only if no other is
-- left.
CREATE FUNCTION app.lease_verification(wanted_hack uuid DEFAULT NULL) RETURNS uuid
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    DECLARE
      me uuid := app.uid();
      is_patient boolean := false;
      tried uuid[] := '{}';
      chosen record;
      lease uuid := app.uuid7();
    BEGIN
      -- Concurrent requests of one member take turns; otherwise several of them could each take the fourth lease.
      PERFORM FROM public.user_stats WHERE user_id = me FOR NO KEY UPDATE;
      IF 4 <= (
        SELECT count(*) FROM public.hack_verification_leases
        WHERE reviewer_user_id = me AND ended = '' AND expires_at > clock_timestamp()
      ) THEN
        CALL app.refuse('hack_verification_leases_at_most_four', 'Four reviews at a time are enough.');
      END IF;
      LOOP
        SELECT oldest.id, mine.id AS hack_id INTO chosen
        FROM app.hacks_to_review(me) AS mine CROSS JOIN LATERAL (
          SELECT waiting.id, waiting.submitted_at FROM app.reviewable(me, mine.id) AS waiting
          WHERE waiting.id <> ALL (tried) ORDER BY waiting.submitted_at, waiting.id LIMIT 1
        ) AS oldest
        WHERE wanted_hack IS NULL OR mine.id = wanted_hack
        ORDER BY oldest.submitted_at, oldest.id LIMIT 1;
        IF FOUND THEN
          IF is_patient THEN
            PERFORM FROM public.hack_verifications WHERE id = chosen.id FOR NO KEY UPDATE;
          ELSE
            PERFORM FROM public.hack_verifications WHERE id = chosen.id FOR NO KEY UPDATE SKIP LOCKED;
          END IF;
          -- The submission may have changed between the search and the lock. From here on it can't change.
          IF FOUND AND EXISTS (SELECT FROM app.reviewable(me, chosen.hack_id) AS still WHERE still.id = chosen.id) THEN
            DELETE FROM public.hack_verification_leases WHERE verification_id = chosen.id AND reviewer_user_id = me;
            INSERT INTO public.hack_verification_leases
                (id, verification_id, reviewer_user_id, leased_at, expires_at, ended)
              VALUES (lease, chosen.id, me, clock_timestamp(), clock_timestamp() + interval '30 minutes', '');
            RETURN lease;
          END IF;
          tried := tried || chosen.id;
        ELSIF is_patient OR tried = '{}' THEN
          RETURN NULL;
        ELSE
          is_patient := true;
          tried := '{}';
        END IF;
      END LOOP;
    END
  $$;

-- Give back the caller's open lease. Return false if there is no such lease or it is not open.
CREATE FUNCTION app.release_lease(lease uuid) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      UPDATE public.hack_verification_leases SET ended = 'given_back'
        WHERE id = lease AND reviewer_user_id = app.uid() AND ended = '' AND expires_at > clock_timestamp();
      RETURN FOUND;
    END
  $$;

-- Return the state of a lease: "open", "expired", or the reason why it ended.
CREATE FUNCTION app.state_of(lease public.hack_verification_leases) RETURNS text
  LANGUAGE sql STABLE SET search_path = ''
  AS $$
    SELECT CASE
      WHEN lease.ended <> '' THEN lease.ended WHEN lease.expires_at <= clock_timestamp() THEN 'expired' ELSE 'open'
    END
  $$;

-- Return the caller's leases, with answers and author while a lease is open; an anonymous author is null. The time of
-- the submission is left out: staff take over members' submissions after 14 days, so a longer wait would reveal a known
-- case.
CREATE FUNCTION app.leased_verifications() RETURNS TABLE (
    lease_id uuid, verification_id uuid, hack_id uuid, state text, leased_at timestamptz, expires_at timestamptz,
    answers jsonb, author_id uuid
  )
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT leases.id, leased.id, leased.hack_id, state, leases.leased_at, leases.expires_at,
      CASE state WHEN 'open' THEN leased.verification_questions END,
      CASE WHEN state = 'open' AND NOT leased.is_anonymous THEN leased.user_id END
    FROM public.hack_verification_leases AS leases
    JOIN public.hack_verifications AS leased ON leased.id = leases.verification_id
    CROSS JOIN LATERAL app.state_of(leases) AS state
    WHERE leases.reviewer_user_id = app.uid()
  $$;

-- Return how many submissions the caller could lease, by hack. The count stops at 100.
CREATE FUNCTION app.waiting_reviews() RETURNS TABLE (hack_id uuid, waiting bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT mine.id, found.number
    FROM app.hacks_to_review(app.uid()) AS mine
    CROSS JOIN LATERAL (
      SELECT count(*) FROM (SELECT FROM app.reviewable(app.uid(), mine.id) LIMIT 100) AS first
    ) AS found(number)
    WHERE found.number > 0
  $$;

-- Return the queue position of each submission of the caller that waits for peers, and the median wait of the hack's
-- last twenty decisions; null if there is none yet.
CREATE FUNCTION app.queue_positions()
  RETURNS TABLE (verification_id uuid, "position" bigint, expected_wait interval)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT own.id,
      (
        SELECT count(*) FROM public.hack_verifications AS other
        WHERE other.hack_id = own.hack_id AND other.status = 'submitted' AND other.user_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM public.users AS author WHERE author.id = other.user_id AND NOT author.is_active)
          AND (other.submitted_at, other.id) <= (own.submitted_at, own.id)
      ),
      (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY decided_at - submitted_at)
        FROM (
          SELECT other.decided_at, other.submitted_at FROM public.hack_verifications AS other
          WHERE other.hack_id = own.hack_id AND other.decided_at IS NOT NULL
          ORDER BY other.decided_at DESC LIMIT 20
        ) AS latest
      )
    FROM public.hack_verifications AS own
    WHERE own.user_id = app.uid() AND own.status = 'submitted'
  $$;

GRANT EXECUTE ON FUNCTION app.lease_verification(uuid), app.release_lease(uuid), app.leased_verifications(),
  app.waiting_reviews(), app.queue_positions() TO nrghax_member;
GRANT EXECUTE ON FUNCTION app.connected_members(uuid), app.known_case_is_due(uuid), app.hacks_to_review(uuid),
  app.reviewable(uuid, uuid) TO nrghax_worker;
