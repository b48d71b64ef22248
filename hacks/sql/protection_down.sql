-- Policies, grants and triggers go with their tables.
DROP TRIGGER hacks_no_prerequisite_cycle ON hacks;
DROP FUNCTION app.refuse_prerequisite_cycle();
ALTER TABLE hacks
  DROP CONSTRAINT hacks_verification_questions_list,
  DROP CONSTRAINT hacks_unlock_criteria_whole,
  DROP CONSTRAINT hacks_unlock_criteria_known;
