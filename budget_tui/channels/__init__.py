"""Channels: the ways by which the messages of alerts leave this machine, as its settings define them."""
