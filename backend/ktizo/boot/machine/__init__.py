"""The machine side of boot: plain text, no login, paranoid, small."""
