CALL app.publish('challenges');

CALL app.protect('challenge_participants');
CREATE POLICY member_own ON challenge_participants FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON challenge_participants TO nrghax_member;
