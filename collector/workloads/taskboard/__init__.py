"""The reference workload: the database of a task tracker, filled the same each time, and what it does.

Its schema, its targets and its queries are those of the source documents 002 and 004. It runs in a
process of its own (`child`, for ``kind = "reference"``) or in that of `collector bench`: the recorder
never loads any of these modules.
"""

# How many tasks there may be: the least is one whole epic, the most takes 1 GB and some minutes.
SMALLEST, LARGEST = 1_000, 1_000_000
DEFAULT_TASKS = 10_000
