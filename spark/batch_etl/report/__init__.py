"""A run's summary as people read it: text, one HTML file that needs nothing beside it, and an index of all runs."""
