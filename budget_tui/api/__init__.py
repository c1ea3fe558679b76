"""The HTTP API: routers over the services. Needs the extra ``api``."""
