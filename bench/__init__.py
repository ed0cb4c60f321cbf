"""Measurements, side by side in one run; never a test that fails for being slow."""
