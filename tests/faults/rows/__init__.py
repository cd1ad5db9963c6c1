"""One file a fault; each announces itself with `fault`."""
