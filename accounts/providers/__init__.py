"""Logging in with another account: each provider is allauth's own with our addresses and what we keep of it."""
