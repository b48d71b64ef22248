CALL app.protect('discord_role_grants');
CALL app.track_updated_at('discord_role_grants');
CREATE POLICY member_own ON discord_role_grants FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON discord_role_grants TO nrghax_member;
