"""Slow and obvious models of what the fast code does, and the inputs to compare them on."""
