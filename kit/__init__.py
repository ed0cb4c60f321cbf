"""Plumbing without one domain word."""
