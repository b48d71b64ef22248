-- Policies, grants and triggers go with their tables.
SELECT 1;
