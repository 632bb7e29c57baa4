"""What the tests against vLLM put into a registry."""

from __future__ import annotations

from maestro_graph import ExpertCard, ExpertReply, ExpertRequest

QUESTIONS = [
    "What is the capital of France?",
    "How many legs has a spider?",
    "Which is larger, 17 or 71?",
    "What is the opposite of hot?",
]


class Oracle:
    """An expert in the process, which replies at once."""

    def __init__(self, name: str, description: str = "Answers questions.") -> None:
        self.card = ExpertCard(name=name, description=description)

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        return ExpertReply(text=f"I looked at {request.question!r}.\nAnswer: 42", answer="42")
