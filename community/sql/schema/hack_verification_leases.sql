CALL app.protect('hack_verification_leases');

-- Write the submission's author into a review or lease. A foreign key compares the author with the submission, and a
-- CHECK refuses a reviewer who is the author. So no role can store an author's review of their own submission.
CREATE FUNCTION app.stamp_author() RETURNS trigger
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      SELECT user_id INTO NEW.author_user_id FROM public.hack_verifications WHERE id = NEW.verification_id;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON hack_verification_reviews
  FOR EACH ROW EXECUTE FUNCTION app.stamp_author();
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON hack_verification_leases
  FOR EACH ROW EXECUTE FUNCTION app.stamp_author();
