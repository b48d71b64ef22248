CALL app.protect('hack_verifications');
CALL app.track_updated_at('hack_verifications');
CALL app.protect('hack_verification_rounds');
CALL app.protect('hack_verification_reviews');
CALL app.protect('hack_verification_leases');
CALL app.protect('reviewer_signs');
CALL app.track_updated_at('reviewer_signs');
