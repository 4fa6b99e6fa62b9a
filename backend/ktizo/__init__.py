"""Ktizo: one small box turns bare metal into running Talos Linux clusters."""

__version__ = "0.1.0"
