"""Notifications: their types, their destinations, and a folder for each delivery channel."""
