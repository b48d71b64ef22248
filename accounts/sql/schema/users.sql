-- The public part of a member. Members may read every row; visitors read the rows of public profiles. Both are
-- granted columns, not the table, because that excludes the system columns: xmin and xmax name the transaction that
-- wrote or locked a row, and a reviewer could use them to find the author of an anonymous submission.
CALL app.protect('users');
CALL app.track_updated_at('users');
CREATE POLICY auth_read ON users FOR SELECT TO nrghax_auth USING (true);
CREATE POLICY member_read ON users FOR SELECT TO nrghax_member USING (true);
CREATE POLICY member_own ON users FOR UPDATE TO nrghax_member
  USING (id = (SELECT app.uid())) WITH CHECK (id = (SELECT app.uid()));
-- The member chooses whether the profile is public. A closed account is always hidden.
CREATE POLICY anon_public ON users FOR SELECT TO nrghax_anon
  USING (is_active AND privacy_settings @> '{"profile_public": true}');
GRANT SELECT ON users TO nrghax_auth;
GRANT SELECT (id, username, display_name, avatar_url, privacy_settings, graduation_status, graduated_at, is_active,
              created_at, updated_at)
  ON users TO nrghax_member, nrghax_anon;
GRANT UPDATE (username, display_name, privacy_settings) ON users TO nrghax_member;
-- Only allauth's pages set the picture, from a connected account. Members can't set it, because the browsers of other
-- members would load any URL that they enter.
CREATE POLICY auth_picture ON users FOR UPDATE TO nrghax_auth USING (true) WITH CHECK (true);
GRANT UPDATE (avatar_url) ON users TO nrghax_auth;
