"""Roles on the community's Discord server: which accounts should have them, and the requests to Discord."""
