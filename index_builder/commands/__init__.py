"""What each command of the builder does with its settings."""
