-- Return a member's value for each achievement, with the names of the hack and the category in its criteria. All of
-- achievements_by_*.sql replace COUNTED. Parameters: member_id; achievement_id, or null for all.
WITH wanted AS (
  SELECT id, criteria_json ->> 'type' AS kind, (criteria_json ->> 'value')::integer AS needed,
         COALESCE(criteria_json ->> 'hack', '') AS hack, COALESCE(criteria_json ->> 'category', '') AS category
  FROM achievements
  WHERE (%(achievement_id)s::uuid IS NULL OR id = %(achievement_id)s::uuid)
), counted AS (
  COUNTED
)
SELECT wanted.id, COALESCE(value, 0)::integer, COALESCE(hacks.name, ''), COALESCE(hack_categories.title, '')
FROM wanted
LEFT JOIN counted ON counted.achievement_id = wanted.id
LEFT JOIN hacks ON hacks.slug = wanted.hack
LEFT JOIN hack_categories ON hack_categories.name = wanted.category
