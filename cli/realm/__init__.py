"""The Keycloak realm as code: what stands in deploy/keycloak, how far a realm is from it, and closing the gap."""
