"""Quarantine people can work with: look at records, mend them by hand, judge them again."""
