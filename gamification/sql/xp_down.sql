-- Policies and grants go with their tables, which stay for the migration before this one to drop.
DROP TRIGGER xp_taken ON xp_ledger;
DROP TRIGGER xp_changed ON xp_ledger;
DROP TRIGGER xp_given ON xp_ledger;
DROP FUNCTION app.add_up_xp();
DROP FUNCTION app.refresh_xp(uuid[]);
DROP FUNCTION app.xp_totals(uuid[]);
DROP FUNCTION app.xp_due(uuid[], jsonb);
DROP FUNCTION app.level_of(bigint);
