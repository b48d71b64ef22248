-- Return a new time-ordered UUID (RFC 9562, version 7) for a row that SQL makes. PostgreSQL has such a function only
-- from version 18 on.
CREATE FUNCTION app.uuid7() RETURNS uuid
  LANGUAGE sql VOLATILE PARALLEL SAFE SET search_path = ''
  AS $$
    SELECT encode(
      set_bit(
        set_bit(
          overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6
          ),
          52, 1
        ),
        53, 1
      ),
      'hex'
    )::uuid
  $$;
GRANT EXECUTE ON FUNCTION app.uuid7() TO nrghax_member, nrghax_staff, nrghax_worker;
