-- Grants go with their table.
SELECT 1;
