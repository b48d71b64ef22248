-- The card: everybody signed in may join to it; visitors see those who chose a public profile. Columns are granted, not the
-- table, as that leaves out the system's own: xmin names the transaction that wrote a row, and by it a review could be
-- matched with the card of its other party.
CALL app.protect('users');
CALL app.track_updated_at('users');
CREATE POLICY auth_read ON users FOR SELECT TO nrghax_auth USING (true);
CREATE POLICY member_read ON users FOR SELECT TO nrghax_member USING (true);
CREATE POLICY member_own ON users FOR UPDATE TO nrghax_member
  USING (id = (SELECT app.uid())) WITH CHECK (id = (SELECT app.uid()));
-- The switch is the member's own; a closed account is never shown, whatever the switch says.
CREATE POLICY anon_public ON users FOR SELECT TO nrghax_anon
  USING (is_active AND privacy_settings @> '{"profile_public": true}');
GRANT SELECT ON users TO nrghax_auth, nrghax_anon;
GRANT SELECT (id, username, display_name, avatar_url, privacy_settings, graduation_status, graduated_at, is_active,
              created_at, updated_at)
  ON users TO nrghax_member;
GRANT UPDATE (username, display_name, privacy_settings) ON users TO nrghax_member;
-- A picture comes from a connected account, by allauth's pages; members write no address that others' browsers would ask.
CREATE POLICY auth_picture ON users FOR UPDATE TO nrghax_auth USING (true) WITH CHECK (true);
GRANT UPDATE (avatar_url) ON users TO nrghax_auth;
