"""The `ktizo` command: the appliance itself, and a client of its API."""
