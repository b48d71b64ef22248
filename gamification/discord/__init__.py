"""Roles on the community's Discord server: who is to have which, and asking Discord for it."""
