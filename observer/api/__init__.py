"""The HTTP interface; only imported when the service is started."""
