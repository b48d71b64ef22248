-- The rows whose score or place is about to be worked out: whoever writes them takes turns, and everybody takes them in
-- this order, so that nobody waits for somebody who waits for them. Parameters: member_id and challenge_id, or NULL for all;
-- now.
SELECT participant.id
FROM challenge_participants AS participant
JOIN challenges ON challenges.id = participant.challenge_id
WHERE challenges.is_active AND challenges.settled_at IS NULL AND challenges.start_date <= %(now)s
  AND (%(member_id)s::uuid IS NULL OR participant.user_id = %(member_id)s::uuid)
  AND (%(challenge_id)s::uuid IS NULL OR participant.challenge_id = %(challenge_id)s::uuid)
ORDER BY participant.id
FOR NO KEY UPDATE OF participant
