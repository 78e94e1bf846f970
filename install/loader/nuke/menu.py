"""Answerprint: says in Nuke's menu why it is not there, where init.py could not add it."""


def _say() -> None:
    import nuke

    try:
        import answerprint_nuke  # init.py added it: its own menu.py goes on
    except ImportError:
        menu = nuke.menu("Nuke").addMenu("Answerprint")
        menu.addCommand("Answerprint is not installed here: see the terminal", "pass")
    else:
        del answerprint_nuke


try:
    _say()
except Exception as error:  # noqa: BLE001 - Nuke starts, whatever is wrong with us
    print("Answerprint could not start: %s" % error)
