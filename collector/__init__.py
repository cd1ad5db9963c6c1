"""The flight recorder of a developer's machine.

This module stays empty of imports on purpose: applications import
``collector.client`` from it, and must not pay for the daemon's libraries.
"""

__version__ = "0.1.0"
