-- What members do themselves is theirs to record. What comes of it is workers' and triggers': a reaction believes what an
-- activity of those types says, of points for instance.
ALTER POLICY member_record ON user_activity_logs WITH CHECK (
  user_id = (SELECT app.uid()) AND processed_at IS NULL AND attempts = 0
  AND activity_type IN (
    'session_logged', 'session_changed', 'session_deleted', 'checkin_saved', 'checkin_deleted',
    'challenge_joined', 'challenge_left', 'verification_submitted', 'verification_withdrawn', 'review_given'
  )
);
