"""The answers: every SELECT that a human sees, on a small real database."""
