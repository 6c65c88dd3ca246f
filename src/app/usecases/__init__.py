"""What the service can do: a verb a file, each a frozen dataclass of ports with one `__call__`."""
