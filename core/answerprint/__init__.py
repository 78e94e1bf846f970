"""Answerprint's engine: frames in, a numbered and signed take out."""

__version__ = "0.1.0"
