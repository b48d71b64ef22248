-- Connected accounts, second factors and the list of sessions. Members and visitors can't read any of them.
CALL app.protect('socialaccount_socialaccount');
CALL app.protect('socialaccount_socialapp');
CALL app.protect('socialaccount_socialtoken');
CALL app.protect('mfa_authenticator');
CALL app.protect('usersessions_usersession');

CREATE POLICY auth_all ON socialaccount_socialaccount FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON mfa_authenticator FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON usersessions_usersession FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON socialaccount_socialaccount, mfa_authenticator, usersessions_usersession
  TO nrghax_auth;
GRANT UPDATE (user_id, provider, uid, last_login, date_joined, extra_data) ON socialaccount_socialaccount
  TO nrghax_auth;
GRANT UPDATE (user_id, type, data, created_at, last_used_at) ON mfa_authenticator TO nrghax_auth;
GRANT UPDATE (user_id, created_at, ip, last_seen_at, session_key, user_agent, data) ON usersessions_usersession
  TO nrghax_auth;
-- No tokens are stored, but Django looks for them when it deletes a connected account.
CREATE POLICY auth_delete ON socialaccount_socialtoken FOR ALL TO nrghax_auth USING (true);
GRANT SELECT, DELETE ON socialaccount_socialtoken TO nrghax_auth;

-- Refuse an update that changes the owner of a row. Column grants can't do that, because allauth saves all columns.
CREATE FUNCTION app.keep_owner() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      RAISE EXCEPTION 'A row of % never changes hands.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END
  $$;
GRANT EXECUTE ON FUNCTION app.keep_owner() TO nrghax_auth, nrghax_staff, nrghax_worker;
CREATE TRIGGER keep_owner BEFORE UPDATE ON socialaccount_socialaccount FOR EACH ROW
  WHEN (ROW (OLD.user_id, OLD.provider, OLD.uid) IS DISTINCT FROM ROW (NEW.user_id, NEW.provider, NEW.uid))
  EXECUTE FUNCTION app.keep_owner();
CREATE TRIGGER keep_owner BEFORE UPDATE ON mfa_authenticator FOR EACH ROW
  WHEN (ROW (OLD.user_id, OLD.type) IS DISTINCT FROM ROW (NEW.user_id, NEW.type))
  EXECUTE FUNCTION app.keep_owner();
