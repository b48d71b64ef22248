-- Return for each hack that a member has practised the means before and after, with the number of cases. Mood is
-- counted by day: check-ins with both moods on days on which the hack was practised, each day once. Heart rate
-- variability is counted by session: sessions measured both before and after. Parameters: member; hack, or null for
-- all.
WITH own AS (
  SELECT hack_id, practice_date,
         (biometric_data ->> 'hrv_before')::numeric AS hrv_before,
         (biometric_data ->> 'hrv_after')::numeric AS hrv_after
  FROM practice_sessions
  WHERE user_id = %(member)s AND ended_at IS NOT NULL AND (%(hack)s::uuid IS NULL OR hack_id = %(hack)s)
),
hrv AS (
  SELECT hack_id, count(*) AS practices,
         count(hrv_before + hrv_after) AS hrv_count,
         avg(hrv_before) FILTER (WHERE hrv_after IS NOT NULL) AS hrv_before,
         avg(hrv_after) FILTER (WHERE hrv_before IS NOT NULL) AS hrv_after
  FROM own
  GROUP BY hack_id
),
mood AS (
  SELECT hack_id, count(*) AS mood_count, avg(mood_before) AS mood_before, avg(mood_after) AS mood_after
  FROM (SELECT DISTINCT hack_id, practice_date FROM own) AS days
  JOIN daily_checkins ON user_id = %(member)s AND checkin_date = practice_date
  WHERE mood_before IS NOT NULL AND mood_after IS NOT NULL
  GROUP BY hack_id
)
SELECT hacks.name, hacks.slug, hrv.practices,
       COALESCE(mood_count, 0) AS mood_count, mood_before::float, mood_after::float,
       hrv_count, hrv_before::float, hrv_after::float
FROM hrv
LEFT JOIN mood USING (hack_id)
JOIN hacks ON hacks.id = hrv.hack_id
ORDER BY hrv.practices DESC, hacks.name;
