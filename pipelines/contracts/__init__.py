"""What goes in and what comes out: one module per contract, and the code lists they share."""
