"""One file per question `make bench` answers."""
