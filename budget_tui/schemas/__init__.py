"""Models of the JSON requests and responses, shared by all interfaces."""
