-- What state the library is in, whoever has changed it and however: the version and the place of every row. A changed
-- row has a new place, and a rolled back one leaves no trace. Cheap, as there are hundreds of rows, not millions.
SELECT encode(sha256(convert_to(
  (SELECT coalesce(string_agg(xmin::text || ctid::text, ' ' ORDER BY ctid), '') FROM hacks)
  || '/' || (SELECT coalesce(string_agg(xmin::text || ctid::text, ' ' ORDER BY ctid), '') FROM hack_categories),
  'UTF8'
)), 'hex')
