"""Other people's records, and made-up ones, as `incident` v1."""
