DROP TRIGGER keep_username ON users;
DROP FUNCTION app.keep_username();
DROP FUNCTION app.username_is_reserved(text, uuid);
DROP POLICY anon_public ON username_history;
DROP POLICY member_public ON username_history;
