"""Test data with known answers: what a perfect pipeline makes of every record is known before any pipeline runs.

Read in this order: files (what is written), stream (how a part of a file comes about), dirt (how a record is spoilt),
the three sources sales, customers and products, their *_dirt decks, then ledger, star and marts (the answers). What
ends in _rows does the same for many at once. Nothing here reads the pipeline's code.
"""
