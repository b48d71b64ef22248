-- Practice partners: who reads of them, and what it means for reviews.
CALL app.protect('practice_buddies');
CREATE POLICY member_own ON practice_buddies FOR SELECT TO nrghax_member
  USING (user1_id = (SELECT app.uid()) OR user2_id = (SELECT app.uid()));
GRANT SELECT ON practice_buddies TO nrghax_member;

-- A pair has one row, whichever of the two is named first.
CREATE FUNCTION app.order_buddies() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      SELECT LEAST(NEW.user1_id, NEW.user2_id), GREATEST(NEW.user1_id, NEW.user2_id)
        INTO NEW.user1_id, NEW.user2_id;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER order_buddies BEFORE INSERT OR UPDATE OF user1_id, user2_id ON practice_buddies
  FOR EACH ROW EXECUTE FUNCTION app.order_buddies();

-- Whose submissions somebody may not review: one's own, and those of one's buddies until the pair is over. A set, so
-- that the planner sees through it, as it does not through a condition that looks rows up: to find the oldest
-- submission is to read a row of an index.
DROP FUNCTION app.may_review(uuid, uuid);
CREATE FUNCTION app.too_near(reviewer uuid) RETURNS TABLE (id uuid)
  LANGUAGE sql STABLE
  AS $$
    SELECT reviewer
    UNION ALL SELECT user2_id FROM public.practice_buddies WHERE user1_id = reviewer AND status <> 'completed'
    UNION ALL SELECT user1_id FROM public.practice_buddies WHERE user2_id = reviewer AND status <> 'completed'
  $$;
GRANT EXECUTE ON FUNCTION app.too_near(uuid) TO nrghax_worker;

-- Few are banned: whoever asks whether somebody is need not read the cards of all.
CREATE INDEX users_banned ON users (id) WHERE NOT is_active;

-- What somebody who may review a hack may take of it now. What a banned member has submitted stays where it is, and
-- is offered again when the ban is lifted.
CREATE OR REPLACE FUNCTION app.reviewable(reviewer uuid, of_hack uuid) RETURNS TABLE (id uuid, submitted_at timestamptz)
  LANGUAGE sql STABLE
  AS $$
    SELECT waiting.id, waiting.submitted_at
    FROM public.hack_verifications AS waiting
    WHERE waiting.hack_id = of_hack AND waiting.status = 'submitted'
      AND NOT EXISTS (SELECT FROM app.too_near(reviewer) AS near WHERE near.id = waiting.user_id)
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

-- Where one's own submissions stand among those of the same hack, and how long the last twenty have waited (median).
CREATE OR REPLACE FUNCTION app.verification_standing(wanted uuid DEFAULT NULL)
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
    WHERE own.user_id = app.uid() AND own.status = 'submitted' AND (wanted IS NULL OR own.id = wanted)
  $$;

-- Whoever reads what their new buddy has submitted, no longer reviews it. Where its author is anonymous the lease
-- lasts: its end would tell whose it is, and who does not know that judges as before.
CREATE FUNCTION app.end_leases_of_buddies() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      -- What either of them takes at this moment comes before, and is seen here, or after, and sees the pair.
      PERFORM FROM public.user_stats WHERE user_id IN (NEW.user1_id, NEW.user2_id)
        ORDER BY user_id FOR NO KEY UPDATE;
      UPDATE public.hack_verification_leases AS held SET ended = 'buddies'
        FROM public.hack_verifications AS leased
        WHERE leased.id = held.verification_id AND NOT leased.is_anonymous
          AND (held.reviewer_user_id, leased.user_id) IN ((NEW.user1_id, NEW.user2_id), (NEW.user2_id, NEW.user1_id))
          AND held.ended = '' AND held.expires_at > clock_timestamp();
      RETURN NULL;
    END
  $$;
CREATE TRIGGER end_leases_of_buddies AFTER INSERT OR UPDATE OF user1_id, user2_id, status ON practice_buddies
  FOR EACH ROW WHEN (NEW.status <> 'completed') EXECUTE FUNCTION app.end_leases_of_buddies();
