"""The graph for LangGraph Studio and `langgraph dev`; see langgraph.json."""

from maestro_graph import create_maestro_graph, load_registry

graph = create_maestro_graph(load_registry("embedded")).compile(name="maestro")
