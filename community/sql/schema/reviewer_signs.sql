CALL app.protect('reviewer_signs');
CALL app.track_updated_at('reviewer_signs');
