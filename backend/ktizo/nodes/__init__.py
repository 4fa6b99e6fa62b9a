"""Talking to a running Talos node over its own API, with no talosctl and no agent."""
