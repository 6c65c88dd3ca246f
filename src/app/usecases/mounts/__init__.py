"""Token mounts: what containers read their tokens from, opened, kept up to date, and taken away."""
