"""Sessions: who is signed in where, and for how long."""
