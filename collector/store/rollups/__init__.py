"""Rollups: figures of 5 minutes, hours and days, which stay when the rows themselves are gone."""
