"""The dashboard in a real Chromium, in front of a real `ktizo serve`."""
