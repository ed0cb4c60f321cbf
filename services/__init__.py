"""Independent services; they meet on the bus alone."""
