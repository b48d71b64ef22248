CALL app.protect('reviewer_signals');
CALL app.track_updated_at('reviewer_signals');
