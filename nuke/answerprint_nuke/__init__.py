"""Answerprint in Nuke."""
