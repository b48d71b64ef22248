"""In-app notifications: the list and the number on the bell."""
