"""What needs a person now, and how boots went: the rooms looked at together."""
