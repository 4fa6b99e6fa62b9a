"""`python -m ktizo` is the `ktizo` command."""

from ktizo.cli.main import main

main()
