DROP FUNCTION app.verification_standing(uuid);
DROP FUNCTION app.waiting_reviews();
DROP FUNCTION app.leased_verifications();
DROP FUNCTION app.state_of(hack_verification_leases);
DROP FUNCTION app.release_lease(uuid);
DROP FUNCTION app.lease_verification(uuid);
DROP FUNCTION app.reviewable(uuid);
DROP FUNCTION app.known_case_is_due(uuid);
DROP FUNCTION app.may_review(uuid, uuid);
