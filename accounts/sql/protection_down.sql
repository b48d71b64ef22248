-- Policies, grants and triggers on the apps' own tables go with the tables; Django's tables stay, so theirs go here.
DROP TRIGGER welcome_user ON accounts_user;
DROP FUNCTION app.welcome_user();
ALTER TABLE users DROP CONSTRAINT users_privacy_settings_are_switches;
DROP POLICY auth_makes_no_staff ON accounts_user;
DROP TRIGGER update_updated_at ON users;
DROP TRIGGER update_updated_at ON user_profiles;
DO $$
  DECLARE
    held record;
    released text;
  BEGIN
    FOR held IN SELECT tablename, policyname FROM pg_policies
      WHERE tablename IN ('accounts_user', 'accounts_user_groups', 'accounts_user_user_permissions', 'users',
                          'user_profiles', 'account_emailaddress', 'account_emailconfirmation', 'django_session',
                          'django_admin_log')
    LOOP
      EXECUTE format('DROP POLICY %I ON %I', held.policyname, held.tablename);
    END LOOP;
    FOREACH released IN ARRAY ARRAY['accounts_user', 'accounts_user_groups', 'accounts_user_user_permissions', 'users',
                                    'user_profiles', 'account_emailaddress', 'account_emailconfirmation',
                                    'django_session', 'django_admin_log']
    LOOP
      EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', released);
      EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', released);
      EXECUTE format('REVOKE ALL ON %I FROM nrghax_anon, nrghax_member, nrghax_auth, nrghax_staff, nrghax_worker',
                     released);
    END LOOP;
  END
$$;
REVOKE ALL ON auth_permission, auth_group, auth_group_permissions, django_content_type
  FROM nrghax_staff, nrghax_worker;
REVOKE ALL ON django_migrations FROM nrghax_anon, nrghax_staff, nrghax_worker;
