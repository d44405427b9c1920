"""Batch ETL that accounts for every record: files and contracts in, audited releases out."""
