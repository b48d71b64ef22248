-- Make 100 hacks and 1,000 members with a year of practice each. Run it as a superuser on a database with the seeds
-- alone. Triggers and foreign keys are off for the large tables. The product's nightly statements then compute what the
-- triggers would have computed.

-- Copy the seeds until there are a hundred hacks.
INSERT INTO hacks (
  id, name, slug, description, short_description, content_url, text_guide, duration_minutes, difficulty_level,
  unlock_criteria, requires_verification, verification_questions, is_gateway, is_active, created_at, category_id,
  prerequisite_hack_id, position, verification_practice_count, reviewer_practice_count
)
SELECT app.uuid7(), name || ' ' || copy, slug || '-' || copy, description, short_description, content_url, text_guide,
       duration_minutes, difficulty_level, unlock_criteria, requires_verification, verification_questions, false, true,
       now(), category_id, prerequisite_hack_id, position, verification_practice_count, reviewer_practice_count
FROM hacks CROSS JOIN generate_series(2, 9) AS copies(copy)
WHERE is_active
ORDER BY copy, slug
LIMIT 100 - (SELECT count(*) FROM hacks WHERE is_active);

-- Triggers make the member, the profile and the totals of each user.
INSERT INTO accounts_user (id, password, is_superuser, email, is_active, is_staff, date_joined)
SELECT app.uuid7(), '!', false, 'member' || number || '@example.com', true, false, now() - interval '366 days'
FROM generate_series(1, 1000) AS numbers(number);
UPDATE users
SET display_name = 'Member of the bench', privacy_settings = '{"leaderboard_visible": true, "profile_public": false}',
    created_at = now() - interval '366 days';
UPDATE user_profiles SET onboarding_completed = true, timezone = 'Europe/Berlin';

SET session_replication_role = replica;

-- One practice a day with one of thirty hacks, in a different order for each member. Each row is created on its own
-- day, because a practice that is logged more than a week later brings no XP.
INSERT INTO practice_sessions (
  id, user_id, hack_id, started_at, ended_at, duration_seconds, feedback_score, notes, session_type, planned_seconds,
  paused_seconds, practice_date, timezone, day_start, created_at
)
SELECT app.uuid7(), member.id, hack.id, at, at + interval '10 minutes', 600, (day + member.number) % 3 - 1,
       CASE WHEN day % 5 = 0 THEN 'Calmer than yesterday, and warmer in the hands.' ELSE '' END,
       'solo', 600, 0, (at AT TIME ZONE 'Europe/Berlin')::date, 'Europe/Berlin', '00:00', at
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM users) AS member
CROSS JOIN generate_series(1, 365) AS days(day)
CROSS JOIN LATERAL (SELECT date_trunc('day', now()) - make_interval(days => day, hours => -9)) AS moment(at)
JOIN (
  SELECT id, row_number() OVER (ORDER BY prerequisite_hack_id NULLS FIRST, id) AS number FROM hacks WHERE is_active
) AS hack ON hack.number = (day * 7 + member.number) % 30 + 1;

-- A check-in on ten days of eleven. Today is left out, so that its check-in can be measured.
INSERT INTO daily_checkins (
  id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength, mood_before, mood_after, notes,
  created_at
)
SELECT app.uuid7(), id, (now() AT TIME ZONE 'Europe/Berlin')::date - day, 'Europe/Berlin', '00:00', 1, 0, 0,
       3 + day % 5, 4 + day % 6, '', now() - make_interval(days => day)
FROM users CROSS JOIN generate_series(1, 365) AS days(day)
WHERE day % 11 <> 0;

-- Five unread notifications for each member, as hacks/news.py writes them.
INSERT INTO notifications (id, user_id, type, subject, title, message, data, is_read)
SELECT app.uuid7(), users.id, 'hack_unlocked', hack.id, 'You''ve unlocked ' || hack.name,
       'Your practice unlocked it. Read the guide whenever you''re ready.',
       jsonb_build_object(
         'route', 'hacks:hack-detail', 'arguments', jsonb_build_object('slug', hack.slug), 'query', '{}'::jsonb
       ),
       false
FROM users CROSS JOIN (SELECT id, name, slug FROM hacks WHERE is_active ORDER BY id LIMIT 5) AS hack;

SET session_replication_role = origin;
