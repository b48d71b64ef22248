-- Who is shown to whom. The switch is the member's own; a closed account is never shown, whatever the switch says.
CREATE FUNCTION app.withdraw_member() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      UPDATE public.users SET is_active = NEW.is_active WHERE id = NEW.id AND is_active <> NEW.is_active;
      RETURN NULL;
    END
  $$;
-- Named to come after welcome_user, which makes the card.
CREATE TRIGGER withdraw_member AFTER INSERT OR UPDATE OF is_active ON accounts_user
  FOR EACH ROW EXECUTE FUNCTION app.withdraw_member();

DROP POLICY anon_public ON users;
CREATE POLICY anon_public ON users FOR SELECT TO nrghax_anon
  USING (is_active AND privacy_settings @> '{"profile_public": true}');

DROP POLICY member_public ON user_profiles;
CREATE POLICY member_public ON user_profiles FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_profiles.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
  )
);
-- Visitors see what is on the page: where a member lives and when their day begins is not.
CREATE POLICY anon_public ON user_profiles FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_profiles.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
  )
);
GRANT SELECT (user_id, bio, selected_path, hide_streaks) ON user_profiles TO nrghax_anon;

UPDATE users SET is_active = false FROM accounts_user u WHERE u.id = users.id AND NOT u.is_active;

-- A picture comes from a connected account, by allauth's pages; members write no address that others' browsers would ask.
REVOKE UPDATE (avatar_url) ON users FROM nrghax_member;
