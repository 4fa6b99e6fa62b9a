"""Reading what configs are made from, the same way for a preview and for the boot path."""
