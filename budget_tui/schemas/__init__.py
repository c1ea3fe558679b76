"""JSON in and out: a model for each answer and request, the same on every face."""
