"""The first person: a link that works once, and only while it is needed."""
