-- Whoever hides streaks is not reminded of those that they were told of before either.
CREATE FUNCTION app.forget_streak_news() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  DELETE FROM public.notifications AS news USING public.achievements AS achievement
    WHERE news.user_id = NEW.user_id AND news.type = 'achievement_earned'
      AND news.subject = achievement.id::text AND achievement.criteria_json ->> 'type' = 'streak';
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_streak_news AFTER UPDATE OF hide_streaks ON user_profiles
  FOR EACH ROW WHEN (NEW.hide_streaks AND NOT OLD.hide_streaks) EXECUTE FUNCTION app.forget_streak_news();
REVOKE ALL ON FUNCTION app.forget_streak_news() FROM PUBLIC;
