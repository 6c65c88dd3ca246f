"""The operator's connections to the forges: made, kept fresh, looked at, given out, ended."""
