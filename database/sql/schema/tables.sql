-- Every role that reaches a table calls functions of the schema `app`, in policies and triggers.
GRANT USAGE ON SCHEMA app TO nrghax_anon, nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker;

CREATE FUNCTION app.update_updated_at_column() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      NEW.updated_at := now();
      RETURN NEW;
    END
  $$;
GRANT EXECUTE ON FUNCTION app.update_updated_at_column()
  TO nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker;

CREATE PROCEDURE app.track_updated_at(tracked regclass)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      EXECUTE format(
        'CREATE TRIGGER update_updated_at BEFORE UPDATE ON %s
           FOR EACH ROW EXECUTE FUNCTION app.update_updated_at_column()',
        tracked
      );
    END
  $$;

-- Every table of member data starts here: row security on and forced, the system sees every row, nobody else any.
CREATE PROCEDURE app.protect(protected regclass)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', protected);
      EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', protected);
      EXECUTE format(
        'CREATE POLICY system_all ON %s FOR ALL TO nrghax_owner, nrghax_worker, nrghax_staff
           USING (true) WITH CHECK (true)',
        protected
      );
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO nrghax_worker, nrghax_staff', protected);
    END
  $$;

-- Content that everybody reads and staff curate.
CREATE PROCEDURE app.publish(published regclass)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      EXECUTE format('GRANT SELECT ON %s TO nrghax_anon, nrghax_member, nrghax_auth, nrghax_worker', published);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO nrghax_staff', published);
    END
  $$;
