"""The real servers a machine can run by itself: how each is prepared, started as a process, and stopped.

Tests use them directly::

    with running_mongod(directory) as mongod:          # cli.servers.mongod
        url = mongod.url("referral", "referral", "referral_keys")   # a new user, readWrite on these databases only
    with running_nats(directory, [account]) as nats:   # cli.servers.nats, accounts from cli.bus.account(...)
        nats.url
    with running_keycloak(directory) as keycloak:      # cli.servers.keycloak
        keycloak.url, keycloak.admin_client, keycloak.admin_secret
"""
