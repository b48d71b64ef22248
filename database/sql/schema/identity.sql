-- Who asks: the only thing that policies know of a visitor.
CREATE FUNCTION app.uid() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE SET search_path = ''
  AS $$ SELECT NULLIF(current_setting('app.user_id', true), '')::uuid $$;
GRANT EXECUTE ON FUNCTION app.uid() TO nrghax_anon, nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker;

-- Whether the statement comes from a signed-in member; staff, workers and fixtures may write history. Members have no
-- right to change a date once it is stored, so that the guards below stand at INSERT alone.
CREATE FUNCTION app.acts_as_member() RETURNS boolean LANGUAGE sql STABLE
  RETURN current_setting('role') = 'nrghax_member';
