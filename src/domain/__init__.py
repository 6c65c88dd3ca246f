"""What the service is about, without saying where anything is kept.

Read in this order: errors, instants, values, the entities (sessions, secrets, oauth, keys, api_tokens, backups),
the old files (legacy) and what becomes of them (migrations), and last the ports: what we need of the world.
"""
