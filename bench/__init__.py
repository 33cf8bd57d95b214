"""Reproducible measurements; see README.md for what each prints."""
