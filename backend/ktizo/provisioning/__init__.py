"""Durable work that spans minutes and reboots: rented servers from their order to Talos."""
