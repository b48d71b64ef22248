"""Writes on progress that span rows."""
