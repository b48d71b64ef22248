-- Policies, grants and triggers go with their tables.
ALTER TABLE hacks DROP CONSTRAINT hacks_unlock_criteria_known;
