-- Policies and grants go with their table.
SELECT 1;
