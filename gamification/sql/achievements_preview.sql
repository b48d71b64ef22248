-- Who meets criteria that may not be saved yet: how many, and the first by how much they have. One of
-- achievements_by_*.sql stands for COUNTED. Parameters: kind, needed, hack and category (empty where they do not narrow
-- it); most, how many to name.
WITH wanted AS (
  SELECT NULL::uuid AS id, %(kind)s::text AS kind, %(needed)s::integer AS needed,
         %(hack)s::text AS hack, %(category)s::text AS category
), counted AS (
  COUNTED
)
SELECT display_name, count(*) OVER ()
FROM counted JOIN users ON users.id = user_id
WHERE value >= needed
ORDER BY value DESC, user_id
LIMIT %(most)s::integer
