DROP TRIGGER update_practice_progress ON practice_sessions;
DROP FUNCTION app.update_practice_progress();
DROP FUNCTION app.refresh_practice_progress(uuid, uuid);
DROP FUNCTION app.practice_totals(uuid, uuid);
DROP FUNCTION app.mastery_level(bigint);
