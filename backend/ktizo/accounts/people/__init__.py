"""People: names, roles, passwords."""
