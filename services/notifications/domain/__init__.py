"""What deserves a notice, to whom it goes and by which channel; standard library only."""
