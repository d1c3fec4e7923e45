"""A workload for the lab, and the demo that fails it over. The integration tests use the workload too."""
