"""What is done about a database that is damaged, deleted or replaced."""
