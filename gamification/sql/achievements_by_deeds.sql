-- Deeds in the ledger, those without XP too; a verification also by its hack. Parameter: sources, from kind to source.
SELECT wanted.id AS achievement_id, user_id, deeds AS value
FROM wanted
JOIN jsonb_each_text(%(sources)s::jsonb) AS counted_as (kind, source) USING (kind)
JOIN (
  SELECT user_id, source, COALESCE(slug, '') AS hack, count(*) AS deeds
  FROM xp_ledger
  LEFT JOIN hacks ON hacks.id = hack_id
  WHERE source NOT IN ('session', 'checkin') AND (%(member_id)s::uuid IS NULL OR user_id = %(member_id)s::uuid)
  GROUP BY GROUPING SETS ((user_id, source), (user_id, source, slug))
  -- Without a hack the second set says what the first says, of part of the rows.
  HAVING GROUPING(slug) = 1 OR slug IS NOT NULL
) AS done USING (source, hack)
