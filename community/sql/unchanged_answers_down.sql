DROP TRIGGER refuse_unchanged ON hack_verifications;
DROP FUNCTION app.refuse_unchanged();
