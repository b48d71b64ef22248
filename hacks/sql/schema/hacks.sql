-- The catalogue has no row security: behind a policy, full-text search could not use its index.
CALL app.publish('hack_categories');
CALL app.publish('hacks');
CALL app.track_updated_at('hacks');

-- Refuse a chain of prerequisites that leads back to its own hack, because no member could unlock such hacks. Changes
-- of prerequisites take turns under an advisory lock; otherwise two concurrent changes could make a cycle that neither
-- sees.
CREATE FUNCTION app.refuse_prerequisite_cycle() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('hacks.prerequisites'));
      IF EXISTS (
        WITH RECURSIVE way(id) AS (
          SELECT prerequisite_hack_id FROM public.hacks WHERE id = NEW.id AND prerequisite_hack_id IS NOT NULL
          UNION
          SELECT hacks.prerequisite_hack_id
          FROM way JOIN public.hacks USING (id)
          WHERE hacks.prerequisite_hack_id IS NOT NULL
        )
        SELECT FROM way WHERE way.id = NEW.id
      ) THEN
        RAISE EXCEPTION 'The prerequisites of hack % lead back to itself.', NEW.id
          USING ERRCODE = 'check_violation', TABLE = 'hacks', CONSTRAINT = 'hacks_no_prerequisite_cycle';
      END IF;
      RETURN NULL;
    END
  $$;
CREATE CONSTRAINT TRIGGER hacks_no_prerequisite_cycle
  AFTER INSERT OR UPDATE OF prerequisite_hack_id ON hacks
  DEFERRABLE INITIALLY IMMEDIATE
  FOR EACH ROW WHEN (NEW.prerequisite_hack_id IS NOT NULL)
  EXECUTE FUNCTION app.refuse_prerequisite_cycle();
