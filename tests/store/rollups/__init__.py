"""Rolling up, and rolling up once more."""
