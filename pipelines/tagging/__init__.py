"""Who is protected, and by which rule: pure functions over columns."""
