"""How the ports are kept: a room for each outside thing. No room knows another."""
