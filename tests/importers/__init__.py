"""The formats: what records come of files that other programs wrote."""
