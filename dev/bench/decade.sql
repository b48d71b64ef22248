-- Add 900 hacks, and 20 members with a practice and a check-in on every day of ten years. Run it as a superuser on the
-- data of year.sql. Triggers and foreign keys are off for the large tables.

-- Copy the seeds until there are a thousand hacks. The prerequisite of a copy is the same copy of the original's
-- prerequisite, so that no hack unlocks more hacks than in the real library.
CREATE TEMP TABLE copies AS
SELECT app.uuid7() AS id, hacks.id AS original_id, copy
FROM hacks CROSS JOIN generate_series(10, 99) AS numbers(copy)
WHERE is_active AND slug !~ '[0-9]$'
ORDER BY copy, slug
LIMIT 1000 - (SELECT count(*) FROM hacks WHERE is_active);

INSERT INTO hacks (
  id, name, slug, description, short_description, content_url, text_guide, duration_minutes, difficulty_level,
  unlock_criteria, requires_verification, verification_questions, is_gateway, is_active, created_at, category_id,
  prerequisite_hack_id, position, verification_practice_count, reviewer_practice_count
)
SELECT copies.id, name || ' ' || copies.copy, slug || '-' || copies.copy, description, short_description, content_url,
       text_guide, duration_minutes, difficulty_level, CASE WHEN needed.id IS NULL THEN '{}' ELSE unlock_criteria END,
       requires_verification, verification_questions, false, true, now(), category_id, needed.id, position,
       verification_practice_count, reviewer_practice_count
FROM copies JOIN hacks ON hacks.id = copies.original_id
LEFT JOIN copies AS needed ON needed.original_id = hacks.prerequisite_hack_id AND needed.copy = copies.copy;

INSERT INTO accounts_user (id, password, is_superuser, email, is_active, is_staff, date_joined)
SELECT app.uuid7(), '!', false, 'decade' || number || '@example.com', true, false, now() - interval '3653 days'
FROM generate_series(1, 20) AS numbers(number);

CREATE TEMP TABLE decades AS
SELECT id, row_number() OVER (ORDER BY id) AS number FROM accounts_user WHERE email LIKE 'decade%';

UPDATE users
SET display_name = 'Member of ten years', privacy_settings = '{"leaderboard_visible": true, "profile_public": false}',
    created_at = now() - interval '3653 days'
FROM decades WHERE decades.id = users.id;
UPDATE user_profiles SET onboarding_completed = true, timezone = 'Europe/Berlin'
FROM decades WHERE decades.id = user_profiles.user_id;

SET session_replication_role = replica;

-- One row for each member and day, with one of a hundred hacks. Today is left out, so that its check-in can be
-- measured.
CREATE TEMP TABLE lived AS
SELECT member.id AS user_id, day, at, (at AT TIME ZONE 'Europe/Berlin')::date AS on_day, hack.id AS hack_id
FROM decades AS member
CROSS JOIN generate_series(1, 3652) AS days(day)
CROSS JOIN LATERAL (SELECT date_trunc('day', now()) - make_interval(days => day, hours => -9)) AS moment(at)
JOIN (
  SELECT id, row_number() OVER (ORDER BY prerequisite_hack_id NULLS FIRST, id) AS number FROM hacks WHERE is_active
) AS hack ON hack.number = (day * 7 + member.number) % 100 + 1;

INSERT INTO practice_sessions (
  id, user_id, hack_id, started_at, ended_at, duration_seconds, feedback_score, notes, session_type, planned_seconds,
  paused_seconds, practice_date, timezone, day_start, created_at
)
SELECT app.uuid7(), user_id, hack_id, at, at + interval '10 minutes', 600, day % 3 - 1,
       CASE WHEN day % 5 = 0 THEN 'Calmer than yesterday, and warmer in the hands.' ELSE '' END,
       'solo', 600, 0, on_day, 'Europe/Berlin', '00:00', at
FROM lived ORDER BY at;

-- On every other day the check-in names the day's hack.
INSERT INTO daily_checkins (
  id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength, mood_before, mood_after, notes,
  selected_hack_id, created_at
)
SELECT app.uuid7(), user_id, on_day, 'Europe/Berlin', '00:00', 1, 0, 0, 3 + day % 5, 4 + day % 6, '',
       CASE WHEN day % 2 = 0 THEN hack_id END, at
FROM lived ORDER BY at;

-- Three hundred notifications for each member, the latest five unread, as hacks/news.py writes them.
INSERT INTO notifications (id, user_id, type, subject, title, message, data, is_read, read_at, created_at)
SELECT app.uuid7(), decades.id, 'hack_unlocked', hack.id, 'You''ve unlocked ' || hack.name,
       'Your practice unlocked it. Read the guide whenever you''re ready.',
       jsonb_build_object(
         'route', 'hacks:hack-detail', 'arguments', jsonb_build_object('slug', hack.slug), 'query', '{}'::jsonb
       ),
       hack.number > 5, CASE WHEN hack.number > 5 THEN told_at END, told_at
FROM decades
CROSS JOIN (
  SELECT id, name, slug, row_number() OVER (ORDER BY id) AS number FROM hacks WHERE is_active ORDER BY id LIMIT 300
) AS hack
CROSS JOIN LATERAL (SELECT now() - make_interval(days => (hack.number * 12)::integer)) AS moment(told_at);

SET session_replication_role = origin;
