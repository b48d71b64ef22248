-- Insert one award into the XP ledger; a repeat inserts nothing. Should be called while holding the lock on the
-- member's user_stats. Parameters: member_id; source and source_id; hack_id; category_id, or null for the hack's;
-- amount; daily_limit, how many awards of the source bring XP on a local day (those beyond get 0), or null for none;
-- done_at; is_private.
WITH award AS (
  SELECT users.id AS user_id, %(source)s::text AS source, %(source_id)s::uuid AS source_id, %(hack_id)s::uuid AS hack_id,
         app.date_of(users.id, %(done_at)s::timestamptz) AS earned_on
  FROM users
  WHERE users.id = %(member_id)s
)
INSERT INTO xp_ledger (id, user_id, source, source_id, hack_id, category_id, amount, earned_on, is_private)
SELECT app.uuid7(), user_id, source, source_id, hack_id,
       COALESCE(%(category_id)s::uuid, (SELECT category_id FROM hacks WHERE hacks.id = award.hack_id)),
       CASE
         WHEN (
           SELECT count(*) FROM xp_ledger AS earlier
           WHERE (earlier.user_id, earlier.source, earlier.earned_on) = (award.user_id, award.source, award.earned_on)
             AND earlier.amount > 0
         ) >= %(daily_limit)s::integer THEN 0
         ELSE %(amount)s::integer
       END,
       earned_on, %(is_private)s::boolean
FROM award
ON CONFLICT (user_id, source, source_id) DO NOTHING;
