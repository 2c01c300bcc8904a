"""The service: what goes on beside the pages and the API, in as many processes as there are replicas."""
