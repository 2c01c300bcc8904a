"""The questions that pages, the API and the command ask, answered as plain records."""
