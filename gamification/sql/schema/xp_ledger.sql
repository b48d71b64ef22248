-- XP: the ledger's rights, what practice and check-ins should have brought, and the totals that follow from the ledger.
CALL app.protect('xp_ledger');
CREATE POLICY member_own ON xp_ledger FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON xp_ledger TO nrghax_member;

-- What is earned comes from deeds: staff give nothing. They may erase a member, and with that the rows.
REVOKE INSERT, UPDATE ON xp_ledger FROM nrghax_staff;

-- The level that an amount of XP has reached: gamification/rules.py has the curve.
CREATE FUNCTION app.level_of(xp bigint) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN floor((1 + sqrt(1 + 8 * xp / 100)) / 2)::smallint;
GRANT EXECUTE ON FUNCTION app.level_of(bigint) TO nrghax_member, nrghax_staff, nrghax_worker;

-- What practice and check-ins should have brought these members, or (NULL) everybody: a row a deed that counts, those
-- beyond the day's limit with 0. `rules` are those of gamification/rules.py. No search_path is set, so that the planner
-- can look into the function; every name is a full one.
CREATE FUNCTION app.xp_due(members uuid[], rules jsonb) RETURNS TABLE (
  user_id uuid, source text, source_id uuid, hack_id uuid, category_id uuid, amount integer, earned_on date
) LANGUAGE sql STABLE AS $$
  SELECT deed.user_id, deed.source, deed.source_id, deed.hack_id, deed.category_id,
         CASE
           WHEN row_number() OVER (
             PARTITION BY deed.user_id, deed.source, deed.earned_on ORDER BY deed.done_at, deed.source_id
           ) <= (rules -> deed.source ->> 'a_day')::integer THEN deed.amount
           ELSE 0
         END,
         deed.earned_on
  FROM (
    SELECT s.user_id, 'session' AS source, s.id AS source_id, s.hack_id, h.category_id,
           (rules -> 'session' ->> 'amount')::integer
             + (rules -> 'session' ->> 'per_minute')::integer
             * LEAST(s.duration_seconds / 60, (rules -> 'session' ->> 'most_minutes')::integer) AS amount,
           s.practice_date AS earned_on, s.started_at AS done_at
    FROM public.practice_sessions s JOIN public.hacks h ON h.id = s.hack_id
    WHERE s.ended_at IS NOT NULL
      AND s.duration_seconds >= (rules ->> 'least_seconds')::integer
      AND app.local_date(s.created_at, s.timezone, s.day_start) - s.practice_date
        <= (rules ->> 'latest_logged_days')::integer
      AND (members IS NULL OR s.user_id = ANY (members))
    UNION ALL
    SELECT c.user_id, 'checkin', c.id, NULL, NULL, (rules -> 'checkin' ->> 'amount')::integer,
           c.checkin_date, c.created_at
    FROM public.daily_checkins c
    WHERE members IS NULL OR c.user_id = ANY (members)
  ) AS deed
$$;
GRANT EXECUTE ON FUNCTION app.xp_due(uuid[], jsonb) TO nrghax_worker;

-- What the ledger adds up to: a row a category, and one without (overall), for these members or (NULL) everybody.
CREATE FUNCTION app.xp_totals(members uuid[]) RETURNS TABLE (user_id uuid, category_id uuid, xp bigint)
  LANGUAGE sql STABLE AS $$
  SELECT l.user_id, l.category_id, sum(l.amount)
  FROM public.xp_ledger l
  WHERE members IS NULL OR l.user_id = ANY (members)
  GROUP BY GROUPING SETS ((l.user_id, l.category_id), (l.user_id))
  -- The awards that belong to no category are not what is overall.
  HAVING grouping(l.category_id) = 1 OR l.category_id IS NOT NULL
$$;
GRANT EXECUTE ON FUNCTION app.xp_totals(uuid[]) TO nrghax_worker;

-- Rewrites what differs of these members' totals; returns how many rows did. A total whose awards are gone stays, at 0:
-- it knows what was celebrated.
CREATE FUNCTION app.refresh_xp(members uuid[]) RETURNS integer LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  written integer;
  emptied integer;
BEGIN
  -- Two that write for one member take turns: the second adds up what the first has committed.
  PERFORM FROM public.user_stats s WHERE s.user_id = ANY (members) ORDER BY s.user_id FOR NO KEY UPDATE;
  INSERT INTO public.user_xp AS own (id, user_id, category_id, xp_amount, level)
    SELECT app.uuid7(), t.user_id, t.category_id, t.xp, app.level_of(t.xp) FROM app.xp_totals(members) t
    ON CONFLICT (user_id, category_id) DO UPDATE SET xp_amount = excluded.xp_amount, level = excluded.level
      WHERE (own.xp_amount, own.level) <> (excluded.xp_amount, excluded.level);
  GET DIAGNOSTICS written = ROW_COUNT;
  UPDATE public.user_xp own SET xp_amount = 0, level = 1
    WHERE own.user_id = ANY (members) AND (own.xp_amount, own.level) <> (0, 1)
      AND NOT EXISTS (
        SELECT FROM public.xp_ledger l
        WHERE l.user_id = own.user_id AND (own.category_id IS NULL OR l.category_id = own.category_id)
      );
  GET DIAGNOSTICS emptied = ROW_COUNT;
  RETURN written + emptied;
END
$$;
GRANT EXECUTE ON FUNCTION app.refresh_xp(uuid[]) TO nrghax_worker;

-- Adds up again whoever's awards a statement has touched.
CREATE FUNCTION app.add_up_xp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  members CONSTANT uuid[] := ARRAY(SELECT DISTINCT t.user_id FROM touched t);
BEGIN
  IF members <> '{}' THEN
    PERFORM app.refresh_xp(members);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER xp_given AFTER INSERT ON xp_ledger
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION app.add_up_xp();
CREATE TRIGGER xp_changed AFTER UPDATE ON xp_ledger
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION app.add_up_xp();
CREATE TRIGGER xp_taken AFTER DELETE ON xp_ledger
  REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION app.add_up_xp();
