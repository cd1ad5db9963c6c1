"""Connection pools: looked at as the config says, and a warning when callers keep waiting for one."""
