"""Reading config/contracts: documents of the standard become the typed objects of contract.py, or are refused."""
