"""Companies that rent machines out, behind one interface. A package each; none sees another."""
