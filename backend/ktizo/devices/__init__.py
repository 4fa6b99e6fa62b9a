"""Machines we have seen: who they are, what was decided about them, and their leases."""
