DROP FUNCTION app.check_in(uuid, date, text, time, uuid, smallint, smallint, uuid, text, uuid, text);
