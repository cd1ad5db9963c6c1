"""Being a systemd service: the two unit files, and putting them in place."""
