-- Policies, grants and triggers go with their tables.
DROP FUNCTION app.retry_own_discord_roles();
