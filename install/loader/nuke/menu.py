"""Answerprint: says in Nuke's menu why it is not there, where init.py could not add it."""

_MOST = 200  # characters; a menu is no page


def _say() -> None:
    import nuke

    try:
        from answerprint_loader import reason
    except ImportError:
        reason = "its init.py was not run"
    if reason:  # otherwise the version that is current has a menu of its own
        said = reason.replace("/", "\u2215")[:_MOST]  # a slash would begin a submenu
        menu = nuke.menu("Nuke").addMenu("Answerprint")
        menu.addCommand("Answerprint could not start: " + said, "pass")


try:
    _say()
except Exception as _error:  # noqa: BLE001 - Nuke starts, whatever is wrong with us
    print("Answerprint could not start: %s" % ascii(str(_error))[1:-1])
