"""Pure functions from DataFrames to DataFrames: no I/O, no clock, no environment."""
