GRANT UPDATE (hide_streaks) ON user_profiles TO nrghax_member;
