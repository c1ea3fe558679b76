"""Costs from exports in the FOCUS format (FinOps Open Cost and Usage Specification), 1.0 to 1.4."""
