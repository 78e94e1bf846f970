"""python3 -m install: sets Answerprint up in .venv and does one job. Standard library only."""
