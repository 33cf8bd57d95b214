"""Where state lives: vault, registry, ledger, audit."""
