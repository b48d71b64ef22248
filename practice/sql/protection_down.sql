-- Policies, grants and triggers go with their tables; this trigger is on a table that stays.
DROP TRIGGER welcome_member ON users;
DROP FUNCTION app.welcome_member();
