"""The use cases, one async function each."""
