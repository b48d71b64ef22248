-- The policy goes with its table, the value 'buddies' with the constraint that allows it.
DROP TRIGGER end_leases_of_buddies ON practice_buddies;
DROP FUNCTION app.end_leases_of_buddies();
UPDATE hack_verification_leases SET ended = 'withdrawn' WHERE ended = 'buddies';

-- Where one's own submissions stand among those of the same hack, and how long the last twenty have waited (median).
CREATE OR REPLACE FUNCTION app.verification_standing(wanted uuid DEFAULT NULL)
  RETURNS TABLE (verification_id uuid, "position" bigint, expected_wait interval)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT own.id,
      (
        SELECT count(*) FROM public.hack_verifications AS other
        WHERE other.hack_id = own.hack_id AND other.status = 'submitted' AND other.user_id IS NOT NULL
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
    WHERE own.user_id = app.uid() AND own.status = 'submitted' AND (wanted IS NULL OR own.id = wanted)
  $$;

-- Who may review whom. The place for whoever else stands too near to judge. Like what follows without settings of its
-- own, so that the planner sees through it: to find the oldest is to read one row of an index.
CREATE FUNCTION app.may_review(reviewer uuid, author uuid) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT author IS DISTINCT FROM reviewer $$;
GRANT EXECUTE ON FUNCTION app.may_review(uuid, uuid) TO nrghax_worker;

-- What somebody who may review a hack may take of it now.
CREATE OR REPLACE FUNCTION app.reviewable(reviewer uuid, of_hack uuid) RETURNS TABLE (id uuid, submitted_at timestamptz)
  LANGUAGE sql STABLE
  AS $$
    SELECT waiting.id, waiting.submitted_at
    FROM public.hack_verifications AS waiting
    WHERE waiting.hack_id = of_hack AND waiting.status = 'submitted'
      AND app.may_review(reviewer, waiting.user_id)
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
DROP FUNCTION app.too_near(uuid);
DROP INDEX users_banned;

DROP TRIGGER order_buddies ON practice_buddies;
DROP FUNCTION app.order_buddies();
