"""Benchmarks, official scorers, runner and reports. Its parts arrive with the evaluation release."""
