"""Training a language-model or vision-language policy by GRPO on trajectories of the graph (TRL, PEFT)."""
