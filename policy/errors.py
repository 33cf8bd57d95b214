"""What can go wrong with a policy before it decides anything. What goes wrong while deciding is a verdict, not an exception."""

from __future__ import annotations


class PolicyError(Exception):
    """A regime is unknown, or its bundle is broken, unproved or not allowed here. Nothing has been decided."""
