"""The truth about nodes, from their own API alone."""
