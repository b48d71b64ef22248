REVOKE UPDATE (hide_streaks) ON user_profiles FROM nrghax_member;
