"""Measures Ktizo beside nginx on this machine: `make bench`, or `python -m bench --help`."""
