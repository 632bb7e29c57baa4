"""`python -m maestro_graph`: the command `maestro`."""

from maestro_graph.cli import main

if __name__ == "__main__":
    main()
