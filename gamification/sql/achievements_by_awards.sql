-- Count awards in the XP ledger, also those of 0 XP: in total, and for each hack that criteria name. The achievement is
-- private if the member does not have enough awards without the private ones. Parameter: sources, a JSON object with
-- the ledger's source for each kind.
WITH done AS MATERIALIZED (
  SELECT user_id, source, '' AS hack, count(*) AS awards, count(*) FILTER (WHERE NOT is_private) AS public_awards
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
SELECT wanted.id AS achievement_id, needed, user_id, awards AS value, public_awards < needed AS is_private
FROM wanted
JOIN jsonb_each_text(%(sources)s::jsonb) AS counted_as (kind, source) USING (kind)
JOIN done USING (source, hack)
