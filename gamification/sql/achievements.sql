-- What the form refuses is refused to every role: a known kind, a whole number, and a hack or a category only where
-- the kind can be counted by it (gamification/kinds.py).
ALTER TABLE achievements
  ADD CONSTRAINT achievements_criteria_kind CHECK (
    COALESCE(criteria_json ->> 'type', '') IN (
      'streak', 'practice_count', 'practice_minutes', 'days_active', 'hacks_tried', 'verification', 'reviews_given',
      'validations', 'teaching', 'group', 'referral', 'level', 'challenge', 'graduation'
    )
  ),
  ADD CONSTRAINT achievements_criteria_value CHECK (
    COALESCE(jsonb_typeof(criteria_json -> 'value'), '') = 'number'
    AND criteria_json ->> 'value' ~ '^[1-9][0-9]{0,4}$'
  ),
  ADD CONSTRAINT achievements_criteria_narrowed CHECK (
    criteria_json - (
      ARRAY['type', 'value']
      || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'verification')
           THEN ARRAY['hack'] ELSE '{}' END
      || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'hacks_tried', 'level')
           THEN ARRAY['category'] ELSE '{}' END
    ) = '{}'
    AND NOT criteria_json ?& ARRAY['hack', 'category']
    AND COALESCE(jsonb_typeof(criteria_json -> 'hack'), 'string') = 'string'
    AND COALESCE(jsonb_typeof(criteria_json -> 'category'), 'string') = 'string'
    AND '' NOT IN (COALESCE(criteria_json ->> 'hack', '-'), COALESCE(criteria_json ->> 'category', '-'))
  );

-- A hack or a category that gets another name takes the criteria that name it along.
CREATE FUNCTION app.rename_in_criteria() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    DECLARE
      key CONSTANT text := TG_ARGV[0];
      former CONSTANT text := pg_catalog.to_jsonb(OLD) ->> TG_ARGV[1];
      named CONSTANT jsonb := pg_catalog.jsonb_build_object(key, pg_catalog.to_jsonb(NEW) -> TG_ARGV[1]);
    BEGIN
      UPDATE public.achievements SET criteria_json = criteria_json || named WHERE criteria_json ->> key = former;
      UPDATE public.challenges SET criteria_json = criteria_json || named WHERE criteria_json ->> key = former;
      RETURN NULL;
    END
  $$;
CREATE TRIGGER rename_in_criteria AFTER UPDATE OF slug ON hacks
  FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION app.rename_in_criteria('hack', 'slug');
CREATE TRIGGER rename_in_criteria AFTER UPDATE OF name ON hack_categories
  FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION app.rename_in_criteria('category', 'name');

CALL app.protect('user_achievements');
CREATE POLICY member_own ON user_achievements FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
GRANT SELECT ON user_achievements TO nrghax_member;
-- What is earned comes from deeds: staff give nothing. They may erase a member, and with that the rows.
REVOKE INSERT, UPDATE ON user_achievements FROM nrghax_staff;

-- What a public page shows of others: what they have earned, but no secret, and no streak of whoever hides streaks.
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
GRANT SELECT (id, user_id, achievement_id, earned_at) ON user_achievements TO nrghax_anon;

-- The level beside them, where totals may be seen too; members read it already.
CREATE POLICY anon_public ON user_xp FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_xp.user_id AND is_active
      AND privacy_settings @> '{"profile_public": true, "leaderboard_visible": true}'
  )
);
GRANT SELECT (user_id, category_id, level) ON user_xp TO nrghax_anon;
