CALL app.protect('xp_ledger');
CREATE POLICY member_own ON xp_ledger FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON xp_ledger TO nrghax_member;

-- Staff can't give XP. They may delete these rows, because erasing a member does.
REVOKE INSERT, UPDATE ON xp_ledger FROM nrghax_staff;

-- Return the level that an amount of XP has reached; null for null. gamification/rules.py has the same curve.
CREATE FUNCTION app.level_of(xp bigint) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN floor((1 + sqrt(1 + 8 * xp / 100)) / 2)::smallint;
GRANT EXECUTE ON FUNCTION app.level_of(bigint) TO nrghax_member, nrghax_staff, nrghax_worker;

-- Return the awards that the sessions and check-ins of these members, or of all (null), should have: one row for each
-- that counts, with 0 XP beyond the day's limit. `rules` are the rules of gamification/rules.py as JSON. The function
-- sets no search_path, so that the planner can inline it; all its names are qualified.
CREATE FUNCTION app.xp_due(members uuid[], rules jsonb) RETURNS TABLE (
  user_id uuid, source text, source_id uuid, hack_id uuid, category_id uuid, amount integer, earned_on date
) LANGUAGE sql STABLE AS $$
  SELECT award.user_id, award.source, award.source_id, award.hack_id, award.category_id,
         CASE
           WHEN row_number() OVER (
             PARTITION BY award.user_id, award.source, award.earned_on ORDER BY award.done_at, award.source_id
           ) <= (rules -> award.source ->> 'daily_limit')::integer THEN award.amount
           ELSE 0
         END,
         award.earned_on
  FROM (
    SELECT s.user_id, 'session' AS source, s.id AS source_id, s.hack_id, h.category_id,
           (rules -> 'session' ->> 'amount')::integer
             + (rules -> 'session' ->> 'per_minute')::integer
             * LEAST(s.duration_seconds / 60, (rules -> 'session' ->> 'max_minutes')::integer) AS amount,
           s.practice_date AS earned_on, s.started_at AS done_at
    FROM public.practice_sessions s JOIN public.hacks h ON h.id = s.hack_id
    WHERE s.ended_at IS NOT NULL
      AND s.duration_seconds >= (rules ->> 'min_counted_seconds')::integer
      AND app.local_date(s.created_at, s.timezone, s.day_start) - s.practice_date
        <= (rules ->> 'logging_deadline_days')::integer
      AND (members IS NULL OR s.user_id = ANY (members))
    UNION ALL
    SELECT c.user_id, 'checkin', c.id, NULL, NULL, (rules -> 'checkin' ->> 'amount')::integer,
           c.checkin_date, c.created_at
    FROM public.daily_checkins c
    WHERE members IS NULL OR c.user_id = ANY (members)
  ) AS award
$$;
GRANT EXECUTE ON FUNCTION app.xp_due(uuid[], jsonb) TO nrghax_worker;

-- Return the sums of the ledger for these members, or for all (null): one row for each category, and one without a
-- category for the overall total.
CREATE FUNCTION app.xp_totals(members uuid[]) RETURNS TABLE (user_id uuid, category_id uuid, xp bigint)
  LANGUAGE sql STABLE AS $$
  SELECT l.user_id, l.category_id, sum(l.amount)
  FROM public.xp_ledger l
  WHERE members IS NULL OR l.user_id = ANY (members)
  GROUP BY GROUPING SETS ((l.user_id, l.category_id), (l.user_id))
  -- Leave out the group of awards without a category: the overall total has a null category too.
  HAVING grouping(l.category_id) = 1 OR l.category_id IS NOT NULL
$$;
GRANT EXECUTE ON FUNCTION app.xp_totals(uuid[]) TO nrghax_worker;

-- Recompute the totals of these members from the ledger, and return how many rows differed. A total without awards
-- stays with 0 XP, because the row also stores which level was celebrated.
CREATE FUNCTION app.refresh_xp(members uuid[]) RETURNS integer LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  written integer;
  emptied integer;
BEGIN
  -- Concurrent writers for one member take turns: the second one sums up what the first has committed.
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

-- Recompute the totals of the members whose awards a statement has changed.
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
