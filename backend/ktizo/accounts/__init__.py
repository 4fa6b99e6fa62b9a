"""Who may use the JSON API: tokens today, people and roles later."""
