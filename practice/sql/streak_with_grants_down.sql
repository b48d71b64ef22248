-- The rest of them are put back by streak.sql, which the migration runs after this.
DROP FUNCTION app.streak_story(uuid, date, date, timestamptz);
DROP FUNCTION app.stock_left(integer, integer, date[], uuid, date, date, text, time);
DROP FUNCTION app.granted_days(uuid, date);
DROP FUNCTION app.streak_standing(uuid, date);
