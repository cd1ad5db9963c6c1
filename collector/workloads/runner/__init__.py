"""The process between the recorder and a program: starts it, measures it, and leaves nothing of it behind.

A process of its own, because a child's ``ru_maxrss`` is never below that of the process that started
it, and because session, subreaper and death signal belong to a process with one thread.
`spawn` starts it as ``python -I -S``, with the folder above this one at the end of its path. It loads
only what costs next to nothing: json alone would double the processor time of a start (+12 ms) and
raise the floor of max_rss by 1.1 MB. The recorder itself uses `wire` and `tree`.
"""
