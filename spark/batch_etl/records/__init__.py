"""Taking source files apart, to the byte: no Spark, no I/O. Spark's own readers lose and bend records in silence."""
