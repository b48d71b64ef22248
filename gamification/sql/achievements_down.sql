-- Policies, grants and triggers go with their tables; these are on other apps' tables, or on one that stays.
DROP TRIGGER rename_in_criteria ON hack_categories;
DROP TRIGGER rename_in_criteria ON hacks;
DROP FUNCTION app.rename_in_criteria();
ALTER TABLE achievements
  DROP CONSTRAINT achievements_criteria_narrowed,
  DROP CONSTRAINT achievements_criteria_value,
  DROP CONSTRAINT achievements_criteria_kind;
