"""Whether an environment can do its work: every connection and right, and what crashes have left behind."""
