"""Notifications: their types, where each of them leads, and a folder for each channel that delivers them."""
