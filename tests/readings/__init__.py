"""Tests of the readings: real kernel texts, and trees of /proc and /sys in a folder."""
