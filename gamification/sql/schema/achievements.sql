CALL app.publish('achievements');

-- Update the criteria of achievements and challenges when a hack or a category that they name is renamed.
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

-- Update the rewards of challenges when the achievement that they name gets another slug.
CREATE FUNCTION app.rename_reward() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE public.challenges SET reward_value = pg_catalog.jsonb_build_object('achievement', NEW.slug)
    WHERE reward_type = 'achievement' AND reward_value ->> 'achievement' = OLD.slug;
  RETURN NULL;
END
$$;
CREATE TRIGGER rename_reward AFTER UPDATE OF slug ON achievements
  FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION app.rename_reward();
