"""Start, stop and watch the stack. Standard library only: it runs before anything is installed."""
