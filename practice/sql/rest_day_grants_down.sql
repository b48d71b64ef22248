DROP TRIGGER rest_day_grant_streak ON rest_day_grants;
DROP FUNCTION app.recompute_streak_around_grant();
