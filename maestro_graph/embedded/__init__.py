"""The embedded ensemble: real experts of different strengths, in-process, on the CPU, without torch."""
