-- Add :members members with sixty check-ins each on consecutive days. Run it as a superuser; triggers and foreign keys
-- are off for the large tables. The computed columns hold the right values, so that the nightly task has nothing to
-- repair.
INSERT INTO accounts_user (id, password, is_superuser, email, is_active, is_staff, date_joined)
SELECT app.uuid7(), '!', false, 'streak' || number || '@example.com', true, false, now() - interval '61 days'
FROM generate_series(1, :members) AS numbers(number);

SET session_replication_role = replica;

INSERT INTO daily_checkins (
  id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength, mood_before, notes
)
SELECT app.uuid7(), member.id, current_date - 61 + day, 'UTC', '00:00', day, LEAST(2, day / 7),
       1 - power(0.5::double precision, day / 13::double precision), 5, ''
FROM accounts_user AS member CROSS JOIN generate_series(1, 60) AS days(day)
WHERE member.email LIKE 'streak%'
ORDER BY member.id, day;

UPDATE user_stats
SET current_streak = 60, longest_streak = 60, rest_stock = 2, last_checkin_date = current_date - 1,
    strength = 1 - power(0.5::double precision, 60 / 13::double precision),
    streak_ends_at = (current_date + 3)::timestamp AT TIME ZONE 'UTC'
FROM accounts_user AS member
WHERE member.id = user_stats.user_id AND member.email LIKE 'streak%';

SET session_replication_role = origin;
