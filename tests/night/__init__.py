"""The night tests: the power fails, the same event comes twice, two processes share the work, the database is away."""
