"""The reading routes of /v1, and the probes."""
