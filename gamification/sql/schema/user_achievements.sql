CALL app.protect('user_achievements');
CREATE POLICY member_own ON user_achievements FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON user_achievements TO nrghax_member;
-- Staff can't give achievements. They may delete these rows, because erasing a member does.
REVOKE INSERT, UPDATE ON user_achievements FROM nrghax_staff;

-- A public profile shows the member's achievements, except secret ones and, if the member hides streaks, those for
-- streaks.
CREATE POLICY member_public ON user_achievements FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users JOIN user_profiles ON user_profiles.user_id = users.id
    JOIN achievements ON achievements.id = user_achievements.achievement_id
    WHERE users.id = user_achievements.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
      AND NOT is_hidden AND NOT (hide_streaks AND criteria_json ->> 'type' = 'streak')
  )
);
CREATE POLICY anon_public ON user_achievements FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users JOIN user_profiles ON user_profiles.user_id = users.id
    JOIN achievements ON achievements.id = user_achievements.achievement_id
    WHERE users.id = user_achievements.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
      AND NOT is_hidden AND NOT (hide_streaks AND criteria_json ->> 'type' = 'streak')
  )
);
GRANT SELECT (id, user_id, achievement_id, earned_at, is_private) ON user_achievements TO nrghax_anon;

-- A private achievement comes from an anonymous verification. Only its owner sees it, because its day would tell the
-- reviewers whose submission it was.
CREATE POLICY private_is_own ON user_achievements AS RESTRICTIVE FOR SELECT TO nrghax_member, nrghax_anon
  USING (NOT is_private OR user_id = (SELECT app.uid()));

-- Delete a member's notifications of achievements for streaks when the member hides streaks.
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
