-- Return members who meet criteria that need not be saved, the highest value first, each with the number of all such
-- members. One of achievements_by_*.sql replaces COUNTED. Parameters: kind; needed; hack and category, empty for any;
-- most, how many members to return.
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
