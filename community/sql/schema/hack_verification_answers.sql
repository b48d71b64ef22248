-- The answers of a submission. They have a file of their own, because PostgreSQL checks all rows whenever this file is applied.

-- Return true for a list of questions and answers that pages can show without further checks: every question and answer
-- is a string, and the whole has at most 500,000 bytes.
CREATE FUNCTION app.are_answers(answers jsonb) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = ''
  AS $$
    SELECT jsonb_typeof(answers) = 'array'
      AND NOT jsonb_path_exists(answers, 'strict $[*] ? (@.type() != "object")', silent => true)
      AND NOT jsonb_path_exists(
        answers, 'lax $[*] ? (!(@.question.type() == "string") || !(@.answer.type() == "string"))'
      )
      AND octet_length(answers::text) <= 500000
  $$;
GRANT EXECUTE ON FUNCTION app.are_answers(jsonb) TO nrghax_member, nrghax_staff, nrghax_worker;
ALTER TABLE hack_verifications
  ADD CONSTRAINT hack_verifications_are_answers CHECK (app.are_answers(verification_questions));

-- Return true if the answers belong to exactly these questions, in this order, and each answer has between 1 and 5,000
-- characters, not only spaces.
CREATE FUNCTION app.answers_all(answers jsonb, questions jsonb) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = ''
  AS $$
    SELECT COALESCE(
      jsonb_agg(pair -> 'question' ORDER BY place) = questions
        AND bool_and(btrim(pair ->> 'answer', E' \t\r\n') <> '' AND char_length(pair ->> 'answer') <= 5000),
      false
    )
    FROM jsonb_array_elements(answers) WITH ORDINALITY AS list(pair, place)
  $$;
GRANT EXECUTE ON FUNCTION app.answers_all(jsonb, jsonb) TO nrghax_member;
