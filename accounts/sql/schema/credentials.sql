-- Credentials, sessions and Django's own tables. Members and visitors can't read any of them.
CALL app.protect('accounts_user');
CALL app.protect('accounts_user_groups');
CALL app.protect('accounts_user_user_permissions');
CALL app.protect('account_emailaddress');
CALL app.protect('account_emailconfirmation');
CALL app.protect('django_session');
CALL app.protect('django_admin_log');

CREATE POLICY auth_all ON accounts_user FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON accounts_user TO nrghax_auth;
GRANT UPDATE (email, password, last_login) ON accounts_user TO nrghax_auth;
CREATE POLICY auth_all ON account_emailaddress FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON account_emailconfirmation FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON django_session FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_emailaddress, account_emailconfirmation, django_session
  TO nrghax_auth;

-- A sign-up can't make a member of staff, whatever its form is sent.
CREATE POLICY auth_makes_no_staff ON accounts_user AS RESTRICTIVE FOR INSERT TO nrghax_auth
  WITH CHECK (NOT is_staff AND NOT is_superuser);

GRANT SELECT ON auth_permission, django_content_type TO nrghax_worker, nrghax_staff;

-- Make the member and the profile of a new user. A trigger does it, so that every user has them: from a form, the
-- admin, createsuperuser or a fixture.
CREATE FUNCTION app.welcome_user() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      INSERT INTO public.users (id, username, display_name, avatar_url, privacy_settings, graduation_status)
        VALUES (
          NEW.id,
          'member_' || right(replace(NEW.id::text, '-', ''), 16),
          'New member',
          '',
          '{"leaderboard_visible": false, "profile_public": false}',
          'active'
        );
      INSERT INTO public.user_profiles
          (user_id, bio, timezone, day_start, selected_path, discord_username, discord_discriminator,
           onboarding_completed)
        VALUES (NEW.id, '', 'UTC', '00:00', '', '', '', false);
      RETURN NULL;
    END
  $$;
CREATE TRIGGER welcome_user AFTER INSERT ON accounts_user FOR EACH ROW EXECUTE FUNCTION app.welcome_user();

-- Copy the user's `is_active` to the member, because policies hide the members of closed accounts and can't read
-- `accounts_user`.
CREATE FUNCTION app.withdraw_member() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      UPDATE public.users SET is_active = NEW.is_active WHERE id = NEW.id AND is_active <> NEW.is_active;
      RETURN NULL;
    END
  $$;
-- Triggers run in the order of their names: this one comes after welcome_user, which makes the member.
CREATE TRIGGER withdraw_member AFTER INSERT OR UPDATE OF is_active ON accounts_user
  FOR EACH ROW EXECUTE FUNCTION app.withdraw_member();
