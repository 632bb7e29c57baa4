"""A chat model that decides what a rule leaves open. Its prompt and its replies are kept."""

from maestro_evaluation.judge._judge import Judge, Judged, parse_verdict, render_prompt

__all__ = ["Judge", "Judged", "parse_verdict", "render_prompt"]
