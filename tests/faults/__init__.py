"""Faults that would break a promise, each against a real daemon, and one checker that judges them all."""
