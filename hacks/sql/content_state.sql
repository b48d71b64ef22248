-- Return a hash that changes with every change of the library, however it is made. It covers the version (xmin) and the
-- place (ctid) of every row: a changed row has a new place, and a change that is rolled back leaves none. Reading all
-- rows is cheap, because there are hundreds, not millions.
SELECT encode(sha256(convert_to(
  (SELECT coalesce(string_agg(xmin::text || ctid::text, ' ' ORDER BY ctid), '') FROM hacks)
  || '/' || (SELECT coalesce(string_agg(xmin::text || ctid::text, ' ' ORDER BY ctid), '') FROM hack_categories),
  'UTF8'
)), 'hex')
