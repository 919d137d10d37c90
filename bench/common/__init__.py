"""What every process of the benchmark shares."""
