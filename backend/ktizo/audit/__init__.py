"""Who asked for what, and what we answered: a chain of lines that shows when one was changed."""
