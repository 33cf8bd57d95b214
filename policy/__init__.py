"""The policy: which decision each case gets, under which regime. Decides and does no I/O but reading its own bundle."""
