-- Policies, grants and triggers go with their tables; achievements stay.
DROP TRIGGER rename_reward ON achievements;
DROP TRIGGER challenge_guard ON challenges;
DROP TRIGGER challenge_joining_guard ON challenge_participants;
DROP TRIGGER challenge_leaving_guard ON challenge_participants;
DROP FUNCTION app.rename_reward();
DROP FUNCTION app.guard_challenge();
DROP FUNCTION app.guard_joining();
DROP FUNCTION app.guard_leaving();
DROP FUNCTION app.taking_part(uuid);
