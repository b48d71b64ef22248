CALL app.protect('trips');
CALL app.track_updated_at('trips');
CREATE POLICY member_own ON trips FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
-- nrghax_auth loads the user of each request, and with it the zone of the member's trip.
CREATE POLICY auth_read ON trips FOR SELECT TO nrghax_auth USING (true);
GRANT SELECT, INSERT, DELETE ON trips TO nrghax_member;
GRANT UPDATE (zone, starts_on, ends_on) ON trips TO nrghax_member;
GRANT SELECT ON trips TO nrghax_auth;

-- Refuse a trip with an unknown time zone.
CREATE FUNCTION app.guard_trip() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- PostgreSQL raises an error for an unknown zone.
  PERFORM now() AT TIME ZONE NEW.zone;
  RETURN NEW;
END
$$;
CREATE TRIGGER trip_guard BEFORE INSERT OR UPDATE OF zone ON trips FOR EACH ROW EXECUTE FUNCTION app.guard_trip();

-- Recompute the end of the streak when a trip changes. The end takes coming trips into account, so that nothing has to
-- be recomputed when a trip begins or ends. Stored days keep the zone that judged them.
CREATE FUNCTION app.restate_streak_around_trip() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(m.id, 'infinity') FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER trip_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, zone, starts_on, ends_on ON trips
  FOR EACH ROW EXECUTE FUNCTION app.restate_streak_around_trip();
