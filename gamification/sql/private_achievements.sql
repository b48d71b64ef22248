-- What came of a verification without one's name is one's own to know: the day on which it was earned would tell those
-- who have reviewed whose it was.
CREATE POLICY private_is_own ON user_achievements AS RESTRICTIVE FOR SELECT TO nrghax_member, nrghax_anon
  USING (NOT is_private OR user_id = (SELECT app.uid()));
GRANT SELECT (is_private) ON user_achievements TO nrghax_anon;
