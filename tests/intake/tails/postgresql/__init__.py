"""The format ``postgresql``, on logs that a real server wrote."""
