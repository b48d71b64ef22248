-- Pairs of practice buddies. Buddies do not review each other's submissions.
CALL app.protect('practice_buddies');
CREATE POLICY member_own ON practice_buddies FOR SELECT TO nrghax_member
  USING (user1_id = (SELECT app.uid()) OR user2_id = (SELECT app.uid()));
GRANT SELECT ON practice_buddies TO nrghax_member;

-- Put the two members into order, so that the unique key allows one row for each pair.
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

-- End the open leases that new buddies have on each other's submissions. A lease on an anonymous submission stays,
-- because its end would reveal the author.
CREATE FUNCTION app.end_leases_of_buddies() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      -- app.lease_verification takes the same lock. A concurrent lease is either committed and ended below, or waits
      -- and then sees the pair.
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
