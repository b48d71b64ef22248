DROP TRIGGER forget_streak_news ON user_profiles;
DROP FUNCTION app.forget_streak_news();
