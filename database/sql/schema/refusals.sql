-- Raise a check violation with `reason` as the constraint's name, by which Python recognises it.
CREATE PROCEDURE app.refuse(reason text, sentence text)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      RAISE EXCEPTION '%', sentence USING ERRCODE = 'check_violation', CONSTRAINT = reason;
    END
  $$;
GRANT EXECUTE ON PROCEDURE app.refuse(text, text) TO nrghax_member;
