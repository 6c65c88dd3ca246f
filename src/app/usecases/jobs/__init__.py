"""What the service does by itself: which jobs there are, how often, and how each went."""
