"""Machines as a list: filtered, sorted, one page at a time."""
