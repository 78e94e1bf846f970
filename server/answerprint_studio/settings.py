"""Settings: what one run of the studio service shows, where, and to whom."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from answerprint import site
from answerprint.errors import SetupError
from answerprint.site import Site

PORT = 8571
PAGE = Path(__file__).with_name("page")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """What `answerprint studio` was asked for.

    roots     folders that takes lie below
    home      of the user whose key signs decisions
    database  an address as SQLAlchemy spells it; '' for SQLite in the user's folder
    names     further names that a browser may call this machine by
    follows   whether folders are looked at again and again while it runs
    """

    roots: tuple[Path, ...]
    site: Site
    home: Path
    database: str = ""
    host: str = LOOPBACK[1]
    port: int = PORT
    names: tuple[str, ...] = ()
    page: Path = PAGE
    follows: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "roots", tuple(_plain(root) for root in self.roots))

    @property
    def url(self) -> str:
        """The database's address, usually a file for these roots. Raises SetupError: it is none."""
        if not self.database:
            named = "\n".join(sorted(root.as_posix() for root in self.roots))
            mark = hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:12]
            return f"sqlite:///{(self.home / 'studio' / f'index-{mark}.db').as_posix()}"
        try:
            make_url(self.database)
        except (ArgumentError, ValueError) as error:  # which would say the password
            raise SetupError(
                "The database's address cannot be read.",
                remedy="Write it like postgresql+psycopg://user:password@host/name, or leave "
                "--database out.",
            ) from error
        return self.database

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def _plain(root: Path) -> Path:
    """Absolute, and without '..': takes are known by their paths."""
    return root.resolve() if ".." in root.parts else root.absolute()


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def here(roots: tuple[Path, ...] = ()) -> Settings:
    """As the site and the environment have it."""
    own = site.load()
    return Settings(roots or (own.root or Path("takes"),), own, site.home())
