"""The live page: what the audit knows, and buttons that trigger the DAGs which put things right."""
