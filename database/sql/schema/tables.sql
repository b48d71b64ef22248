-- Policies and triggers call functions of the schema app as the role that reads or writes the table.
GRANT USAGE ON SCHEMA app TO nrghax_anon, nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker;

-- Set `updated_at` to the transaction's time.
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

-- Give a table the trigger that sets `updated_at` on each update.
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

-- Turn on and force row security for a table of member data. The owner, workers and staff get every row; the table's
-- own policies decide for all other roles. Given `staff_reads`, staff read only these columns, and delete rows, because
-- they delete members; other columns hold what is intimate.
CREATE PROCEDURE app.protect(protected regclass, staff_reads text DEFAULT NULL)
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
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO nrghax_worker', protected);
      IF staff_reads IS NULL THEN
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO nrghax_staff', protected);
      ELSE
        EXECUTE format('GRANT SELECT (%s), DELETE ON %s TO nrghax_staff', staff_reads, protected);
      END IF;
    END
  $$;

-- Grant a table of content to all roles for reading and to staff for writing, without row security.
CREATE PROCEDURE app.publish(published regclass)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      EXECUTE format('GRANT SELECT ON %s TO nrghax_anon, nrghax_member, nrghax_auth, nrghax_worker', published);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO nrghax_staff', published);
    END
  $$;
