-- Add :members members with ten practices each and their XP, and a queue of half as many submissions. Run it as a
-- superuser on a database with the hundred hacks of year.sql. Triggers and foreign keys are off for the large tables.
INSERT INTO accounts_user (id, password, is_superuser, email, is_active, is_staff, date_joined)
SELECT app.uuid7(), '!', false, 'progress' || number || '@example.com', true, false, now() - interval '61 days'
FROM generate_series(1, :members) AS numbers(number);

SET session_replication_role = replica;

CREATE TEMP TABLE practising AS
SELECT id, substr(email, 9, strpos(email, '@') - 9)::integer AS number
FROM accounts_user WHERE email LIKE 'progress%';

-- Half of the members are on leaderboards.
UPDATE users SET privacy_settings = '{"leaderboard_visible": true, "profile_public": false}'
FROM practising WHERE practising.id = users.id AND number % 2 = 0;

UPDATE user_stats SET current_streak = number % 40, longest_streak = number % 40
FROM practising WHERE practising.id = user_stats.user_id;

INSERT INTO practice_sessions (
  id, user_id, hack_id, started_at, ended_at, duration_seconds, notes, session_type, planned_seconds, paused_seconds,
  practice_date, timezone, day_start
)
SELECT app.uuid7(), member.id, hack.id, at, at + make_interval(mins => minutes), minutes * 60, '', 'solo', 600, 0,
       at::date, 'UTC', '00:00'
FROM practising AS member
CROSS JOIN generate_series(0, 9) AS practices(practice)
CROSS JOIN LATERAL (
  SELECT date_trunc('day', now()) - make_interval(days => practice * (1 + member.number % 5)),
         5 + (member.number * 7 + practice * 3) % 26
) AS each(at, minutes)
JOIN (
  SELECT id, row_number() OVER (ORDER BY prerequisite_hack_id NULLS FIRST, id) AS number FROM hacks WHERE is_active
) AS hack ON hack.number = (member.number + practice / 3) % 30 + 1;

INSERT INTO user_hack_progress (
  id, user_id, hack_id, unlocked_at, first_practiced_at, last_practiced_at, total_practice_count,
  total_practice_minutes, days_active, mastery_level
)
SELECT app.uuid7(), user_id, hack_id, now(), min(started_at), max(started_at), count(*), sum(duration_seconds) / 60,
       count(DISTINCT practice_date), app.mastery_level(count(*))
FROM practice_sessions JOIN practising ON practising.id = user_id
GROUP BY user_id, hack_id;

INSERT INTO xp_ledger (id, user_id, source, source_id, hack_id, category_id, amount, earned_on)
SELECT app.uuid7(), user_id, 'session', practice_sessions.id, hack_id, category_id,
       10 + LEAST(30, duration_seconds / 60), practice_date
FROM practice_sessions JOIN practising ON practising.id = user_id JOIN hacks ON hacks.id = hack_id;

INSERT INTO user_xp (id, user_id, category_id, xp_amount, level)
SELECT app.uuid7(), user_id, category_id, xp, app.level_of(xp) FROM app.xp_totals(NULL)
ON CONFLICT DO NOTHING;

-- The queue: submissions for ten hacks with up to two reviews each, and a tenth as many that are verified already.
INSERT INTO hack_verifications (
  id, user_id, hack_id, verification_questions, is_anonymous, status, submitted_at, verification_count, is_verified,
  verified_at, decided_at, decision_reason, round
)
SELECT app.uuid7(), member.id, hack.id, '[{"question": "How does it feel?", "answer": "Warm, and calm."}]',
       member.number % 4 = 0, CASE WHEN is_done THEN 'verified' ELSE 'submitted' END,
       now() - make_interval(secs => member.number * 20), CASE WHEN is_done THEN 3 ELSE member.number % 3 END, is_done,
       CASE WHEN is_done THEN now() END, CASE WHEN is_done THEN now() END, '', 1
FROM practising AS member
CROSS JOIN LATERAL (SELECT member.number > :members / 2) AS outcome(is_done)
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM hacks WHERE is_active) AS hack
  ON hack.number = member.number % 10 + 1
WHERE member.number <= :members / 2 + :members / 20;

-- Two hundred members without a submission have practised one of these hacks often enough to review it.
INSERT INTO user_hack_progress (id, user_id, hack_id, unlocked_at, total_practice_count)
SELECT app.uuid7(), member.id, hack.id, now(), 1000
FROM practising AS member
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM hacks WHERE is_active) AS hack
  ON hack.number = member.number % 10 + 1
WHERE member.number > :members - 200
ON CONFLICT (user_id, hack_id) DO UPDATE SET total_practice_count = 1000;

SET session_replication_role = origin;
