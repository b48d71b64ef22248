-- Members read their own activities and record those of the types in the policy below. Only workers and triggers record
-- the other types, because reactions trust their data: an achievement's points, for instance.
CALL app.protect('user_activity_logs');
CREATE POLICY member_read ON user_activity_logs FOR SELECT TO nrghax_member
  USING (user_id = (SELECT app.uid()));
CREATE POLICY member_record ON user_activity_logs FOR INSERT TO nrghax_member WITH CHECK (
  user_id = (SELECT app.uid()) AND processed_at IS NULL AND attempts = 0
  AND activity_type IN (
    'session_logged', 'session_changed', 'session_deleted', 'checkin_saved', 'checkin_deleted',
    'challenge_joined', 'challenge_left', 'verification_submitted', 'verification_withdrawn', 'review_given'
  )
);
GRANT SELECT, INSERT ON user_activity_logs TO nrghax_member;

-- Close a partition to direct access: row security on and forced, no policy, no grant. Its rows are read through the
-- parent table.
CREATE PROCEDURE app.seal_partition(sealed regclass)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', sealed);
      EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', sealed);
      EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', sealed);
    END
  $$;

-- Make the missing partitions of this month and the next `ahead` months, and move their rows out of the default
-- partition. Return how many partitions were made. Give up after five seconds of waiting for a lock, because members'
-- activities wait behind it; the next night tries again.
CREATE FUNCTION app.make_activity_partitions(ahead integer, today date DEFAULT CURRENT_DATE) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET lock_timeout = '5s'
  AS $$
    DECLARE
      month date;
      partition text;
      made integer := 0;
    BEGIN
      LOCK TABLE public.user_activity_logs IN SHARE ROW EXCLUSIVE MODE;
      FOR month IN
        SELECT generate_series(date_trunc('month', today), date_trunc('month', today) + make_interval(months => ahead),
                               interval '1 month')::date
      LOOP
        partition := 'user_activity_logs_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.user_activity_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       partition);
        EXECUTE format(
          'WITH moved AS (
             DELETE FROM public.user_activity_logs WHERE created_at >= %L AND created_at < %L RETURNING *
           ) INSERT INTO public.%I SELECT * FROM moved',
          month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC', partition
        );
        EXECUTE format('ALTER TABLE public.user_activity_logs ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                       partition, month::timestamp AT TIME ZONE 'UTC',
                       (month + interval '1 month') AT TIME ZONE 'UTC');
        CALL app.seal_partition(('public.' || partition)::regclass);
        made := made + 1;
      END LOOP;
      RETURN made;
    END
  $$;

-- Drop the monthly partitions that ended on or before `oldest`, except those with an activity whose reactions have not
-- run. Return how many were dropped. Give up on a lock as app.make_activity_partitions does.
CREATE FUNCTION app.drop_activity_partitions(oldest date) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET lock_timeout = '5s'
  AS $$
    DECLARE
      partition text;
      waits boolean;
      dropped integer := 0;
    BEGIN
      FOR partition IN
        SELECT inhrelid::regclass::text FROM pg_catalog.pg_inherits
        WHERE inhparent = 'public.user_activity_logs'::regclass
          AND inhrelid::regclass::text ~ '_\d{4}_\d{2}$'
          AND to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') + interval '1 month' <= oldest
      LOOP
        EXECUTE format(
          'SELECT EXISTS (SELECT FROM public.user_activity_logs
                          WHERE tableoid = %L::regclass AND processed_at IS NULL)', partition
        ) INTO waits;
        CONTINUE WHEN waits;
        EXECUTE format('DROP TABLE %s', partition);
        dropped := dropped + 1;
      END LOOP;
      RETURN dropped;
    END
  $$;

GRANT EXECUTE ON FUNCTION app.make_activity_partitions(integer, date), app.drop_activity_partitions(date)
  TO nrghax_worker;

CALL app.seal_partition('user_activity_logs_default');
SELECT app.make_activity_partitions(3);
