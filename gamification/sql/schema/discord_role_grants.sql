CALL app.protect('discord_role_grants');
CALL app.track_updated_at('discord_role_grants');
CREATE POLICY member_own ON discord_role_grants FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON discord_role_grants TO nrghax_member;

-- Retry the caller's roles that Discord has refused: the member may have joined the server since. Each refusal counts
-- towards Discord's limit for the whole bot, so a role is retried only once its waiting time is over. Return how many
-- are retried.
CREATE FUNCTION app.retry_own_discord_roles() RETURNS integer
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
  AS $$
    WITH retried AS (
      UPDATE public.discord_role_grants
      SET state = 'pending', attempts = 0, next_attempt_at = pg_catalog.now(), last_error = ''
      WHERE user_id = app.uid() AND state = 'failed' AND is_wanted AND next_attempt_at <= pg_catalog.now()
      RETURNING 1
    )
    SELECT pg_catalog.count(*)::integer FROM retried
  $$;
GRANT EXECUTE ON FUNCTION app.retry_own_discord_roles() TO nrghax_member;
