"""Figures, sentences and explanations as text, for every interface."""
