-- Return a value that changes with every change of the library, however it is made. It adds up a hash of the version
-- (xmin) and the place (ctid) of every row: a changed row has a new place, and a change that is rolled back leaves none.
-- Reading all rows is cheap, because there are hundreds or a thousand, not millions.
SELECT concat_ws(
  '/',
  (SELECT coalesce(sum(hashtidextended(ctid, xmin::text::bigint)), 0) FROM hacks),
  (SELECT coalesce(sum(hashtidextended(ctid, xmin::text::bigint)), 0) FROM hack_categories)
)
