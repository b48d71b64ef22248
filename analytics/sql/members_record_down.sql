ALTER POLICY member_record ON user_activity_logs
  WITH CHECK (user_id = (SELECT app.uid()) AND processed_at IS NULL AND attempts = 0);
