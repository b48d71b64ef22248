-- Lock the participants whose scores or ranks are about to be computed, so that writers take turns. All writers lock in
-- this order and can't deadlock. Parameters: member_id and challenge_id, or null for all; now.
SELECT participant.id
FROM challenge_participants AS participant
JOIN challenges ON challenges.id = participant.challenge_id
WHERE challenges.is_active AND challenges.settled_at IS NULL AND challenges.start_date <= %(now)s
  AND (%(member_id)s::uuid IS NULL OR participant.user_id = %(member_id)s::uuid)
  AND (%(challenge_id)s::uuid IS NULL OR participant.challenge_id = %(challenge_id)s::uuid)
ORDER BY participant.id
FOR NO KEY UPDATE OF participant
