-- A thousand users, as many as the product has readers, and a thousand rows.
INSERT INTO auth_user (
  password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined
)
SELECT '!', false, 'reader' || number, '', '', 'reader' || number || '@example.com', false, true, now()
FROM generate_series(1, 1000) AS numbers(number);

INSERT INTO bare_entry (title, summary, minutes, score, created_at)
SELECT 'Entry number ' || number,
       'What this entry is about.',
       number % 4000, number % 97 * 31.25, now() - make_interval(hours => number)
FROM generate_series(1, 1000) AS numbers(number);

ANALYZE;
