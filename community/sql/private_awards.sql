-- Of what there is already: keeps from others what comes of verifications without a name. The award itself, then the
-- achievements that the others alone would not have brought, then their XP.
UPDATE xp_ledger SET is_private = true
FROM hack_verifications AS verified
WHERE verified.id = source_id AND source = 'verification' AND is_anonymous;

UPDATE user_achievements AS own SET is_private = true
FROM (
  SELECT id, (criteria_json ->> 'value')::integer AS needed, criteria_json ->> 'hack' AS hack
  FROM achievements WHERE criteria_json ->> 'type' = 'verification'
) AS wanted
CROSS JOIN LATERAL (
  SELECT user_id, count(*) FILTER (WHERE NOT is_private) AS open_deeds
  FROM xp_ledger LEFT JOIN hacks ON hacks.id = hack_id
  WHERE source = 'verification' AND (wanted.hack IS NULL OR slug = wanted.hack)
  GROUP BY user_id
  HAVING bool_or(is_private)
) AS done
WHERE own.user_id = done.user_id AND own.achievement_id = wanted.id AND open_deeds < needed;

UPDATE xp_ledger SET is_private = true
FROM user_achievements AS own
WHERE source = 'achievement' AND source_id = achievement_id AND xp_ledger.user_id = own.user_id AND own.is_private;
