REVOKE UPDATE (avatar_url) ON users FROM nrghax_auth;
DROP POLICY auth_picture ON users;
REVOKE UPDATE (discord_id, discord_username, discord_discriminator) ON user_profiles FROM nrghax_auth;
DROP POLICY auth_discord ON user_profiles;
DROP TRIGGER keep_owner ON mfa_authenticator;
DROP TRIGGER keep_owner ON socialaccount_socialaccount;
DROP FUNCTION app.keep_owner();
-- The tables are other packages' and stay.
DO $$
  DECLARE
    held record;
    released text;
  BEGIN
    FOREACH released IN ARRAY ARRAY['socialaccount_socialaccount', 'socialaccount_socialapp',
                                    'socialaccount_socialtoken', 'mfa_authenticator', 'usersessions_usersession']
    LOOP
      FOR held IN SELECT policyname FROM pg_policies WHERE tablename = released
      LOOP
        EXECUTE format('DROP POLICY %I ON %I', held.policyname, released);
      END LOOP;
      EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', released);
      EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', released);
      EXECUTE format('REVOKE ALL ON %I FROM nrghax_anon, nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker',
                     released);
    END LOOP;
  END
$$;
