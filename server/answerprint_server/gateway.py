"""The gateway: nginx before Triton, which says who asks, how much each may, and what nobody may.

It is written from limits.toml; nginx.conf holds no secret and no token. What does is beside it, for
nobody else to read: `secret`, which Triton is started with, `admin.conf`, the same for nginx, and
`tokens.conf`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from answerprint.errors import JobError, SetupError
from answerprint_server import certs, tokens
from answerprint_server.limits import Everybody, Limit, Limits

CONF, SECRET, ADMIN, RUN = "nginx.conf", "secret", "admin.conf", "run"
CA, CERTIFICATE, KEY = "ca.pem", "server.pem", "server.key"
ZONE = "4m"  # some 32,000 users

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})")
_SECRET = re.compile("[0-9a-f]{64}")
_SERIAL = re.compile("[0-9A-Fa-f]{15,40}")
_WORDS = ("default", "hostnames", "include", "volatile")


@dataclass(frozen=True)
class Gateway:
    """Where it stands.

    triton   host:port of the server's gRPC side
    listen   host:port that clients come to
    """

    triton: str
    listen: str


@dataclass(frozen=True)
class Shown:
    """PEM files: who vouches for clients, what the gateway shows them, and its key."""

    ca: Path
    certificate: Path
    key: Path


def write(folder: Path, gateway: Gateway, shown: Shown, limits: Limits) -> list[Path]:
    """Everything that nginx needs; returns the files. A secret that is there stays.

    Copies of the PEM files are among it, so that the folder is enough wherever it is carried to.

    Raises:
        JobError: an address can be none.
        SetupError: the folder cannot be written, or what is there cannot be used.
    """
    text = conf(gateway, limits)
    held = tokens.read(folder)
    pems = _pems(shown)
    secret = _secret(folder / SECRET)
    certs.write(folder / CONF, text.encode(), 0o644)
    admin = f'map "" $admin_secret {{\n    default "{secret}";\n}}\n'
    certs.write(folder / ADMIN, admin.encode(), 0o600)
    tokens.write_conf(folder, held)
    certs.write(folder / CA, pems[shown.ca], 0o644)
    certs.write(folder / CERTIFICATE, pems[shown.certificate], 0o644)
    certs.write(folder / KEY, pems[shown.key], 0o600)
    try:
        (folder / RUN).mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(
            f"{(folder / RUN).as_posix()} cannot be made: {error.strerror}.",
            remedy="Check the folder's rights.",
        ) from error
    return [folder / name for name in (CONF, ADMIN, tokens.CONF, CA, CERTIFICATE, KEY, SECRET)]


def _pems(shown: Shown) -> dict[Path, bytes]:
    """What the files hold: two that all may read, and the key of one of them.

    Raises:
        SetupError: nginx would not start with them, no client would come in, or a key be given away.
    """
    held = {path: certs.pem(path) for path in (shown.ca, shown.certificate, shown.key)}
    for path in (shown.ca, shown.certificate):
        if b"PRIVATE KEY" in held[path]:
            raise SetupError(
                f"{path.as_posix()} holds a key, and all may read what stands in its place.",
                remedy="Name certificates with --ca and --cert: NAME.pem, not NAME.key.",
            )
    certs.check_shown(shown.certificate, held[shown.certificate], shown.key, held[shown.key])
    return held


def conf(gateway: Gateway, limits: Limits) -> str:
    """nginx.conf.

    Raises:
        JobError: an address can be none.
    """
    named = resources.files("answerprint_server").joinpath("gateway.nginx")
    serials = sorted({_serial(one) for one in limits.refused if _SERIAL.fullmatch(one)})
    words = {
        "REFUSED_USERS": _rows((one, "1") for one in sorted(set(map(str.lower, limits.refused)))),
        "REFUSED_SERIALS": _rows((one, "1") for one in serials),
        "ZONES": _zones(limits),
        "USER_AT_ONCE": _said(limits.user, limits.users, lambda one: str(one.at_once)),
        "USER_RATE": _said(limits.user, limits.users, lambda one: str(one.rate)),
        "SHOW_SAID": '        "" "";\n'
        + _said(
            limits.show,
            limits.shows,
            lambda one: f", all of the show {one.at_once} at once and {one.rate} a second",
        ),
        "LIMITED": _limited(limits),
        "ANSWERS": _answers(limits),
        "TRITON": _address(gateway.triton, "--triton"),
        "LISTEN": _address(gateway.listen, "--listen"),
        "CA": CA,
        "CERT": CERTIFICATE,
        "KEY": KEY,
        "BODY": str(limits.body),
    }
    text = named.read_text(encoding="utf-8")
    return re.sub("@([A-Z_]+)@", lambda found: words[found[1]].rstrip(" "), text)


def _zones(limits: Limits) -> str:
    """Each limit has keys of its own: those of all names that have it."""
    lines = []
    for zone, key, own, every in _each(limits):
        if every:
            rows = '        default "$' + key + '";\n' + _rows((name, "") for name in own)
        else:
            rows = '        default "";\n' + _rows((name, name) for name in own)
        limit = own[next(iter(own))] if not every else None
        lines.append(f"    map ${key} $key_{zone} {{\n{rows}    }}")
        rate = (limit or _every(limits, key)).rate
        lines.append(f"    limit_req_zone $key_{zone} zone={zone}_rate:{ZONE} rate={rate}r/s;")
        lines.append(f"    limit_conn_zone $key_{zone} zone={zone}_at_once:{ZONE};")
    lines.append(f"    limit_req_zone $who zone=asked:{ZONE} rate=200r/s;")
    return "\n".join(lines)


def _limited(limits: Limits) -> str:
    lines = []
    for zone, key, own, every in _each(limits):
        limit = _every(limits, key) if every else own[next(iter(own))]
        lines.append(f"            limit_req zone={zone}_rate burst={limit.rate};")
        lines.append(f"            limit_conn {zone}_at_once {limit.at_once};")
    return "\n".join(lines)


def _each(limits: Limits) -> Iterable[tuple[str, str, dict[str, Everybody], bool]]:
    """Zone, key, the names with limits of their own, and whether it is that of all others."""
    sides: tuple[tuple[str, Everybody, dict[str, Limit]], ...] = (
        ("who", limits.user, limits.users),
        ("show", limits.show, limits.shows),
    )
    for key, every, own in sides:
        laid = {name: every.of(one) for name, one in own.items()}
        yield f"{key}_all", key, laid, True
        for number, (name, one) in enumerate(laid.items()):
            yield f"{key}_{number}", key, {name: one}, False


def _every(limits: Limits, key: str) -> Everybody:
    return limits.user if key == "who" else limits.show


def _said(every: Everybody, own: dict[str, Limit], words: Callable[[Everybody], str]) -> str:
    rows = _rows((name, words(every.of(one))) for name, one in own.items())
    return f'        default "{words(every)}";\n{rows}'


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Of one of nginx's maps, which look at no capitals, and have words of their own for names."""
    kept = ((f"\\{name}" if name in _WORDS else name, word) for name, word in pairs)
    return "".join(f'        "{name}" "{word}";\n' for name, word in kept)


_QUERY = 498  # not 400: nginx gives that to lines that are no request at all
_TOO_MANY = (
    "too many requests for $who ($user_at_once at once and $user_rate a second$show_said); "
    "again in 2 s"
)
# HTTP's answer -> gRPC's status and sentence; clients act on both: see core's faults
_ANSWERS = {
    _QUERY: (3, "nothing may stand behind the path: a token in an address counts as known to all"),
    401: (16, "no certificate, and no token that is known and still valid"),
    403: (7, "$who may not ask for $method"),
    404: (12, "the gateway knows no such call"),
    413: (8, "@BODY@ MB are the most that one request may have"),
    429: (8, _TOO_MANY),
    495: (16, "the certificate is not believed ($ssl_client_verify)"),
    502: (14, "nothing answers behind the gateway"),
    504: (14, "nothing answers behind the gateway in time"),
}


def _answers(limits: Limits) -> str:
    blocks = []
    for code, (status, said) in _ANSWERS.items():
        words = said.replace("@BODY@", str(limits.body))
        plain = 400 if 490 < code < 500 else code  # nginx's own numbers, that HTTP does not know
        blocks.append(
            f"        error_page {code} = @answer_{code};\n"
            f"        location @answer_{code} {{\n"
            "            if ($is_grpc) {\n"
            "                add_header content-type application/grpc always;\n"
            f"                add_header grpc-status {status} always;\n"
            f'                add_header grpc-message "{words}" always;\n'
            "                return 204;\n            }\n"
            f"            return {plain};\n        }}"
        )
    return "\n".join(blocks)


def _secret(path: Path) -> str:
    """What Triton and the gateway share; made once."""
    if not path.exists():
        # no line's end: Kubernetes hands it to Triton as it is
        certs.write(path, secrets.token_hex(32).encode(), 0o600)
    try:
        held = path.read_text(encoding="ascii", errors="replace")[:200].strip()
    except OSError as error:
        raise SetupError(
            f"{path.as_posix()} cannot be read: {error.strerror}.", remedy="Check its rights."
        ) from error
    if not _SECRET.fullmatch(held):
        raise SetupError(
            f"{path.as_posix()} holds no secret of ours.",
            remedy="Move it away, write the gateway again, and start Triton with the new one.",
        )
    return held


def _serial(number: str) -> str:
    """As nginx has it: two digits for each byte."""
    return certs.serial(int(number, 16))


def _address(address: str, option: str) -> str:
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found[2]) < 65536:
        raise JobError(f"{option} {address} is no host:port.", remedy="Give it as 127.0.0.1:8443.")
    return address
