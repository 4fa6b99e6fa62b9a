"""Work on clusters that takes minutes: it looks before each act, so it can go on after any end."""
