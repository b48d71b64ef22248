-- Return the id of the member that the transaction acts for; null if there is none. Policies identify a member by it
-- alone.
CREATE FUNCTION app.uid() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE SET search_path = ''
  AS $$ SELECT NULLIF(current_setting('app.user_id', true), '')::uuid $$;
GRANT EXECUTE ON FUNCTION app.uid() TO nrghax_anon, nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker;

-- Return true if the statement comes from a signed-in member. Guards that call it let staff, workers and fixtures write
-- history. It reads the setting `role`, because current_user is the owner inside a SECURITY DEFINER function.
CREATE FUNCTION app.acts_as_member() RETURNS boolean LANGUAGE sql STABLE
  RETURN current_setting('role') = 'nrghax_member';
