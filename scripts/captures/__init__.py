"""What the project's captures say: one module per kind, on top of capturekit."""
