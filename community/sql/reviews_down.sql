DROP FUNCTION app.review_verification(uuid, uuid, boolean, text);
DROP TRIGGER check_hack_verification ON hack_verification_reviews;
DROP FUNCTION app.check_hack_verification();
DROP FUNCTION app.count_reviews(uuid);
DROP FUNCTION app.close_verification(uuid, boolean);
