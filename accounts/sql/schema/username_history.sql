-- Former usernames, so that links to them keep working for readers who may see the member. Only the trigger below
-- writes here.
CALL app.protect('username_history');
CREATE POLICY member_own ON username_history FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
CREATE POLICY member_public ON username_history FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = username_history.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
  )
);
CREATE POLICY anon_public ON username_history FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = username_history.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
  )
);
GRANT SELECT ON username_history TO nrghax_member;
GRANT SELECT (user_id, username) ON username_history TO nrghax_anon;

-- Return true if another member left this username less than 90 days ago, so that a new owner could be mistaken for
-- them. The answer does not say who left it.
CREATE FUNCTION app.username_is_reserved(name text, member uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT EXISTS (
      SELECT FROM public.username_history h
      WHERE lower(h.username) = lower(name) AND h.user_id <> member AND h.until > now() - interval '90 days'
    )
  $$;
GRANT EXECUTE ON FUNCTION app.username_is_reserved(text, uuid) TO nrghax_member, nrghax_staff, nrghax_worker;

-- Store the username that a member leaves, the last ten of each member. Refuse a new username that is reserved for
-- another member.
CREATE FUNCTION app.keep_username() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      IF lower(OLD.username) = lower(NEW.username) THEN
        RETURN NULL;
      END IF;
      IF app.username_is_reserved(NEW.username, NEW.id) THEN
        RAISE EXCEPTION 'The username is reserved for the member who had it before.'
          USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_username_reserved';
      END IF;
      -- A link to a username that is in use leads to its present owner only.
      DELETE FROM public.username_history h WHERE lower(h.username) = lower(NEW.username);
      -- The first username is made of the key. The member did not choose it, so it needs no link.
      IF TG_OP = 'UPDATE' AND OLD.username NOT LIKE '%' || right(replace(OLD.id::text, '-', ''), 16) THEN
        INSERT INTO public.username_history (id, user_id, username, until)
          VALUES (app.uuid7(), NEW.id, OLD.username, clock_timestamp());
        -- Without this limit a member could reserve any number of names by renaming themselves again and again.
        DELETE FROM public.username_history h WHERE h.user_id = NEW.id AND h.id NOT IN (
          SELECT newest.id FROM public.username_history newest WHERE newest.user_id = NEW.id
          ORDER BY newest.until DESC LIMIT 10
        );
      END IF;
      RETURN NULL;
    END
  $$;
-- AFTER, so that a member who takes a name waits at the unique index until the member who leaves it has committed.
-- The function then sees that the name is reserved.
CREATE TRIGGER keep_username AFTER INSERT OR UPDATE OF username ON users
  FOR EACH ROW EXECUTE FUNCTION app.keep_username();
