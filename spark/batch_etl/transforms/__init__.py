"""Pure functions from tables to tables, most of them Arrow's: no I/O, no clock, no environment."""
