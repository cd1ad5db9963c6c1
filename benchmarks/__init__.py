"""The figures the README quotes, measured side by side in one run: ratios, since machines differ.

``make bench`` runs them all; ``python -m benchmarks writer start`` some; each file is one figure.
"""
