"""The panel: a thin layer inside Nuke and Houdini. Python 3.7, standard library and the host's Qt only."""
