"""The one door: sign-in, access scopes, limits, forwarding."""
