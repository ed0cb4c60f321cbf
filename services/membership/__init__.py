"""Organisations, representatives and the directory of services."""
