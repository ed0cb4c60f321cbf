"""What membership decides: pure functions over frozen records, standard library only."""
