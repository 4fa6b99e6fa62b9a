"""What happened, when: every machine's timeline and the live stream of it."""
