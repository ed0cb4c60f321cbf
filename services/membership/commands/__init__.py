"""What membership does: one function a use case."""
