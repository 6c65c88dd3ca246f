"""`python -m app` is `strongroom`."""

from app.cli import main

main()
