"""The check-up: what stands around the database, the database, and with `--deep` every value in it.

Nothing here writes. Each file looks at one side; `app.boot.examine` puts them in order.
"""
