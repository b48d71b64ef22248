CALL app.protect('notifications');
CREATE POLICY member_own ON notifications FOR SELECT TO nrghax_member, nrghax_auth
  USING (user_id = (SELECT app.uid()));
CREATE POLICY member_reads ON notifications FOR UPDATE TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT ON notifications TO nrghax_member, nrghax_auth;
GRANT UPDATE (is_read, read_at) ON notifications TO nrghax_member;
