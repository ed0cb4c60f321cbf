"""A toy aggregate: a counter that tells of each step. The kit's fault tests run on it."""
