-- Deeds in the ledger, those without XP too, in all and with the hacks that are named. It is private where those that
-- others may know of would not do alone. Parameter: sources, from the kind to the source in the ledger.
WITH done AS MATERIALIZED (
  SELECT user_id, source, '' AS hack, count(*) AS deeds, count(*) FILTER (WHERE NOT is_private) AS open_deeds
  FROM xp_ledger
  WHERE source NOT IN ('session', 'checkin') AND WHOSE
  GROUP BY user_id, source
  UNION ALL
  SELECT user_id, source, slug, count(*), count(*) FILTER (WHERE NOT is_private)
  FROM xp_ledger
  JOIN hacks ON hacks.id = hack_id
  WHERE source NOT IN ('session', 'checkin') AND slug IN (SELECT hack FROM wanted) AND WHOSE
  GROUP BY user_id, source, slug
)
SELECT wanted.id AS achievement_id, needed, user_id, deeds AS value, open_deeds < needed AS is_private
FROM wanted
JOIN jsonb_each_text(%(sources)s::jsonb) AS counted_as (kind, source) USING (kind)
JOIN done USING (source, hack)
