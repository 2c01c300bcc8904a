"""One file a page: its route, what it reads, its figures and its template; each with a JSON twin."""
