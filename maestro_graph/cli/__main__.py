"""`python -m maestro_graph.cli`: the command `maestro` without its script."""

from maestro_graph.cli import main

main()
