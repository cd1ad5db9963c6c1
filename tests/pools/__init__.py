"""Connection pools: looked at in real servers, and callers that wait."""
