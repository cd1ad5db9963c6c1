"""The process that runs one query of a sql workload: it alone loads a driver and knows a password.

`sql` starts it with the job on stdin and takes its report from fd 3. One file per database.
It starts in 40 ms of processor time: neither dataclasses, pathlib nor urllib before they are needed.
"""
