-- Rest days that members have won, one for each source. Only workers write here.
CALL app.protect('rest_day_grants');
CREATE POLICY member_own ON rest_day_grants FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON rest_day_grants TO nrghax_member;

-- Recompute the member's streak from the earliest granted day that changed.
CREATE FUNCTION app.recompute_streak_around_grant() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(m.id, LEAST(OLD.granted_on, NEW.granted_on))
    FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER rest_day_grant_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, granted_on ON rest_day_grants
  FOR EACH ROW EXECUTE FUNCTION app.recompute_streak_around_grant();
