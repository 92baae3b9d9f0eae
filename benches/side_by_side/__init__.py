"""natlens beside DuckDB, Polars and igzip on the same files: data, contestants, answers, measurement, table."""
