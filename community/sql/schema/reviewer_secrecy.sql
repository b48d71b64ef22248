-- Authors must not learn who reviews them, staff neither: nrghax_staff reads nothing that leads from the caller's own
-- submission to its reviewers.

-- Return true if this review is of a submission of the caller's.
CREATE FUNCTION app.reviews_me(review uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$
    SELECT EXISTS (
      SELECT FROM public.hack_verification_reviews WHERE id = review AND author_user_id = app.uid()
    )
  $$;
GRANT EXECUTE ON FUNCTION app.reviews_me(uuid) TO nrghax_staff;

CREATE POLICY hidden_from_author ON hack_verification_reviews AS RESTRICTIVE FOR SELECT TO nrghax_staff
  USING (author_user_id IS DISTINCT FROM (SELECT app.uid()));
CREATE POLICY hidden_from_author ON hack_verification_leases AS RESTRICTIVE FOR SELECT TO nrghax_staff
  USING (author_user_id IS DISTINCT FROM (SELECT app.uid()));
CREATE POLICY hidden_from_author ON user_activity_logs AS RESTRICTIVE FOR SELECT TO nrghax_staff
  USING (activity_type <> 'review_given' OR NOT app.reviews_me((activity_data ->> 'review_id')::uuid));
CREATE POLICY hidden_from_author ON xp_ledger AS RESTRICTIVE FOR SELECT TO nrghax_staff
  USING (source <> 'review' OR NOT app.reviews_me(source_id));
