-- Insert one activity that waits for its reactions.
INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at, attempts)
VALUES (%(id)s, %(user_id)s, %(activity_type)s, %(activity_data)s, %(created_at)s, 0)
