"""Logs that agents' programs write on this machine."""
