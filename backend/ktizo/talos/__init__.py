"""Talos machine configs made natively: secrets, contracts, documents, patches, validation.

A pure library: no database, no HTTP, no clock of its own. Time and randomness are arguments.
"""
