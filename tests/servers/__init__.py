"""Real servers for tests: started when first asked for, one for a session of tests."""
