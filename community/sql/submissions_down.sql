DROP TRIGGER follow_verification ON hack_verifications;
DROP FUNCTION app.follow_verification();
DROP TRIGGER guard_verification ON hack_verifications;
DROP FUNCTION app.guard_verification();
DROP PROCEDURE app.refuse(text, text);
DROP FUNCTION app.answers_all(jsonb, jsonb);
ALTER TABLE hack_verifications DROP CONSTRAINT hack_verifications_are_answers;
DROP FUNCTION app.are_answers(jsonb);
