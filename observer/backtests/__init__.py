"""What monitors would have said of the stored history, and of faults laid over it; nothing is written."""
