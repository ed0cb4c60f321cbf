"""Inbox, live stream and e-mail, built from others' messages alone."""
