CALL app.protect('hack_verification_leases');

-- Nobody reviews their own, whatever their role: the author stands in each review and lease, whatever was written
-- there; the key holds it to the submission's, and the CHECK of the model holds it apart from the reviewer.
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
