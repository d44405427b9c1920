"""All input and output: source files, the Parquet lake, the warehouse."""
