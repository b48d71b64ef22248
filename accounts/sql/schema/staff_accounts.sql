-- Limits of staff. Only a superuser changes an account of staff or of a superuser, what belongs to it, a group, and
-- what anyone may do. accounts/admin.py says the same on its pages.

-- Return true if the transaction acts for a superuser.
CREATE FUNCTION app.is_superuser() RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT EXISTS (SELECT FROM public.accounts_user WHERE id = app.uid() AND is_superuser AND is_active)
  $$;
GRANT EXECUTE ON FUNCTION app.is_superuser() TO nrghax_staff;

CREATE FUNCTION app.is_staff_account(account uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT EXISTS (SELECT FROM public.accounts_user WHERE id = account AND (is_staff OR is_superuser))
  $$;
GRANT EXECUTE ON FUNCTION app.is_staff_account(uuid) TO nrghax_staff;

-- Let staff write the rows of a table that meet one of two conditions, and superusers every row.
CREATE PROCEDURE app.limit_staff(limited regclass, may_write text, may_delete text)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      EXECUTE format('CREATE POLICY staff_inserts ON %s AS RESTRICTIVE FOR INSERT TO nrghax_staff
                        WITH CHECK ((SELECT app.is_superuser()) OR %s)', limited, may_write);
      EXECUTE format('CREATE POLICY staff_updates ON %1$s AS RESTRICTIVE FOR UPDATE TO nrghax_staff
                        USING ((SELECT app.is_superuser()) OR %2$s)
                        WITH CHECK ((SELECT app.is_superuser()) OR %2$s)', limited, may_write);
      EXECUTE format('CREATE POLICY staff_deletes ON %s AS RESTRICTIVE FOR DELETE TO nrghax_staff
                        USING ((SELECT app.is_superuser()) OR %s)', limited, may_delete);
    END
  $$;
CREATE PROCEDURE app.limit_staff_to_members(limited regclass, account name)
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    DECLARE
      is_member text := format('NOT app.is_staff_account(%I)', account);
    BEGIN
      CALL app.limit_staff(limited, is_member, is_member);
    END
  $$;

CALL app.limit_staff('accounts_user', 'NOT (is_staff OR is_superuser)', 'NOT (is_staff OR is_superuser)');
CALL app.limit_staff_to_members('users', 'id');
CALL app.limit_staff_to_members('user_profiles', 'user_id');
CALL app.limit_staff_to_members('username_history', 'user_id');
CALL app.limit_staff_to_members('account_emailaddress', 'user_id');
CALL app.limit_staff_to_members('socialaccount_socialaccount', 'user_id');
CALL app.limit_staff_to_members('mfa_authenticator', 'user_id');
CALL app.limit_staff_to_members('usersessions_usersession', 'user_id');
-- Deleting a member deletes these rows too.
CALL app.limit_staff('accounts_user_groups', 'false', 'NOT app.is_staff_account(user_id)');
CALL app.limit_staff('accounts_user_user_permissions', 'false', 'NOT app.is_staff_account(user_id)');
CALL app.protect('auth_group');
CALL app.protect('auth_group_permissions');
CALL app.limit_staff('auth_group', 'false', 'false');
CALL app.limit_staff('auth_group_permissions', 'false', 'false');
