"""Every SELECT that a human sees. Functions take a reader's connection and give back plain data."""
