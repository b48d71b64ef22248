-- Insert the check-in of a day and its activity, and return the streak; no row if the day has a check-in already.
SELECT current_streak, streak_ends_at FROM app.check_in(
  member => %(member_id)s, day => %(day)s, zone => %(zone)s, day_start => %(day_start)s,
  checkin_id => %(checkin_id)s, mood_before => %(mood_before)s, mood_after => %(mood_after)s,
  selected_hack_id => %(selected_hack_id)s, notes => %(notes)s, activity_id => %(activity_id)s, activity => %(activity)s
)
