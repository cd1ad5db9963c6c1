"""The operations in the order in which they are timed: that of document 002, with the queries of 004."""

from __future__ import annotations

from . import reads, writes

OPERATIONS = (
    writes.initialise,
    writes.insert_one,
    writes.update_one,
    reads.get_by_key,
    reads.list_tasks,
    reads.filter_by_status,
    reads.filter_by_status_and_priority,
    reads.tasks_of_epic,
    reads.active_tasks,
    reads.list_in_order,
    reads.progress_naive,
    reads.progress_by_query,
    reads.progress_kept,
    writes.add_one_by_one,
    writes.add_at_once,
    writes.delete_epic,
)
