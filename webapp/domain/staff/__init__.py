"""Accounts of the panel: who may sign in, and what they may do."""
