"""Notifications inside the product: the list, and the number on the bell."""
