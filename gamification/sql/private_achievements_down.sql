REVOKE SELECT (is_private) ON user_achievements FROM nrghax_anon;
DROP POLICY private_is_own ON user_achievements;
