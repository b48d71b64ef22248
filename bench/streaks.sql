-- 100,000 members with sixty check-ins each, besides those who are there. As year.sql: a superuser, triggers off.
INSERT INTO accounts_user (id, password, is_superuser, email, is_active, is_staff, date_joined)
SELECT app.uuid7(), '!', false, 'streak' || number || '@example.com', true, false, now() - interval '61 days'
FROM generate_series(1, 100000) AS numbers(number);

SET session_replication_role = replica;

INSERT INTO daily_checkins (
  id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength, mood_before, notes
)
SELECT app.uuid7(), member.id, current_date - day, 'UTC', '00:00', 1, 0, 0, 5, ''
FROM accounts_user AS member CROSS JOIN generate_series(1, 60) AS days(day)
WHERE member.email LIKE 'streak%'
ORDER BY member.id, day DESC;

SET session_replication_role = origin;
