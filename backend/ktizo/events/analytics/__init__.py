"""How boots went: each boot judged, and many of them counted."""
