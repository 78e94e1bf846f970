"""The site: what a studio decides once, who may overrule it, and where nobody may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerprint import site
from answerprint.errors import JobError, SetupError
from answerprint.run import Bounds
from answerprint.site import Site, Tls


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own site.toml, not there yet."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("ANSWERPRINT_HOME", str(home))
    return home / "site.toml"


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """The studio's file, not there yet."""
    return tmp_path / "studio.toml"


def load(studio: Path | None = None, **environ: str) -> Site:
    named = {} if studio is None else {"ANSWERPRINT_SITE": str(studio)}
    return site.load({**named, **environ})


def refused(studio: Path | None = None) -> SetupError:
    with pytest.raises(SetupError) as caught:
        load(studio)
    assert caught.value.remedy
    return caught.value


def test_without_any_configuration_everything_has_its_default(own: Path) -> None:
    assert load() == Site(server=None, root=None, roots=(), trust=())


def test_the_environment_overrules_the_studio_and_the_user_overrules_both(
    own: Path, studio: Path
) -> None:
    studio.write_text('server = "studio:8001"\nroot = "/studio"\ntrust = ["/keys"]\n')
    environ = {"ANSWERPRINT_SERVER": "farm:8001", "ANSWERPRINT_ROOT": "/farm"}

    assert load(studio).server == "studio:8001"
    assert load(studio, **environ).server == "farm:8001"
    own.write_text('server = "desk:8001"\n')
    found = load(studio, **environ)

    assert (found.server, found.root, found.trust) == ("desk:8001", Path("/farm"), (Path("/keys"),))


def test_an_empty_word_in_the_environment_says_nothing(own: Path, studio: Path) -> None:
    studio.write_text('server = "studio:8001"\n')

    assert load(studio, ANSWERPRINT_SERVER="").server == "studio:8001"
    assert site.load({"ANSWERPRINT_SITE": ""}).server is None


@pytest.mark.parametrize("roots", ['["/"]', "[]", '["/show", "/home"]'])
def test_a_user_cannot_widen_the_studios_roots(own: Path, studio: Path, roots: str) -> None:
    studio.write_text('roots = ["/show"]\n')
    own.write_text(f'server = "desk:8001"\nroots = {roots}\n')

    assert load(studio).roots == (Path("/show"),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('sever = "a:1"', "sever: unknown field"),
        ("server = 8001", "server: input should be a valid string"),
        ('roots = "/show"', "roots: input should be a valid tuple"),
        ("roots = [5]", "roots[0]: input is not a valid path"),
        ("[server]\nhost = 1", "server: input should be a valid string"),
    ],
)
def test_an_unknown_or_wrong_field_is_named(own: Path, studio: Path, line: str, words: str) -> None:
    studio.write_text(line)

    error = refused(studio)

    assert words in error.problem
    assert "studio.toml" in error.problem
    assert "server, servers, tls, token, rollout, root, roots, trust," in error.remedy


def test_a_fault_is_told_of_the_file_that_has_it(own: Path, studio: Path) -> None:
    studio.write_text('server = "studio:8001"\n')
    own.write_text('sever = "desk:8001"\n')

    problem = refused(studio).problem

    assert own.as_posix() in problem
    assert "studio.toml" not in problem


@pytest.mark.parametrize("content", [b"server = ", b"\xff\xfe", b"{}", b"a = 1\na = 2", b"\0"])
@pytest.mark.parametrize("whose", ["studio", "own"])
def test_a_file_that_is_no_toml_is_refused_with_its_path(
    own: Path, studio: Path, content: bytes, whose: str
) -> None:
    studio.touch()
    wrong = studio if whose == "studio" else own
    wrong.write_bytes(content)

    assert f"{wrong.as_posix()} cannot be read" in refused(studio).problem


def test_a_studio_file_that_is_missing_or_too_large_is_refused(own: Path, studio: Path) -> None:
    assert "No such file" in refused(studio).problem

    studio.write_bytes(b"#" * (site.MOST_TOML_BYTES + 1))

    assert "larger than 1,048,576 bytes" in refused(studio).problem


def allowed(roots: list[Path], path: Path) -> bool:
    try:
        Site(roots=tuple(roots)).check_allowed(path, "Plate")
    except JobError as error:
        return refused_in_words(error, roots, path)
    return True


def refused_in_words(error: JobError, roots: list[Path], path: Path) -> bool:
    """False; the sentence names the path and where else to go."""
    assert f"Plate {path.as_posix()}" in error.problem
    assert all(root.as_posix() in error.remedy for root in roots)
    return False


def test_a_path_is_allowed_below_a_root_and_nowhere_else(tmp_path: Path) -> None:
    roots = [tmp_path / "show", tmp_path / "library"]

    assert allowed(roots, tmp_path / "show")
    assert allowed(roots, tmp_path / "show" / "010" / "plates")
    assert allowed(roots, tmp_path / "library" / "x" / ".." / "y")
    assert allowed([], tmp_path / "anywhere")
    assert not allowed(roots, tmp_path)
    assert not allowed(roots, tmp_path / "showreel")
    assert not allowed(roots, tmp_path / "show" / ".." / "secret")
    assert not allowed(roots, tmp_path / "show" / "a" / ".." / ".." / "library2")


def test_a_relative_path_is_where_it_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "show").mkdir()
    monkeypatch.chdir(tmp_path / "show")

    assert allowed([tmp_path / "show"], Path("plates"))
    assert not allowed([tmp_path / "show"], Path("../secret"))


def test_a_link_is_where_it_leads(tmp_path: Path) -> None:
    for folder in ("show", "secret"):
        (tmp_path / folder).mkdir()
    (tmp_path / "show" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "way_in").symlink_to(tmp_path / "show")
    roots = [tmp_path / "show"]

    assert not allowed(roots, tmp_path / "show" / "out" / "plates")
    assert allowed(roots, tmp_path / "way_in" / "plates")
    assert allowed([tmp_path / "way_in"], tmp_path / "show" / "plates")


@pytest.mark.parametrize("name", ["loop/plates", "a\0b", "x" * 5000])
def test_a_path_that_leads_nowhere_is_not_allowed(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    assert not allowed([tmp_path / "show"], tmp_path / name)


def test_how_runs_go_is_a_studios_to_say(own: Path, studio: Path) -> None:
    assert (load().patience, load().readers, load().in_flight, load().writers) == (300, *[None] * 3)

    studio.write_text("patience = 0\nreaders = 8\nin_flight = 4\nwriters = 16\n")

    found = load(studio)
    assert (found.patience, found.readers, found.in_flight, found.writers) == (0, 8, 4, 16)


def test_what_a_run_is_told_goes_before_what_the_studio_says() -> None:
    studio = Site(zip_level=4, patience=7, deadline=30, readers=8)

    told = Bounds(zip_level=9, patience=0, deadline=5, readers=2).of_site(studio)
    left = Bounds().of_site(studio)

    assert (told.zip_level, told.patience, told.deadline, told.readers) == (9, 0, 5, 2)
    assert (left.zip_level, left.patience, left.deadline, left.readers) == (4, 7, 30, 8)


@pytest.mark.parametrize(
    "line", ["patience = -1", "patience = inf", "readers = 0", "writers = 1e4"]
)
def test_numbers_that_cannot_be_meant_are_refused(line: str, own: Path, studio: Path) -> None:
    studio.write_text(f"{line}\n")

    assert line.split(maxsplit=1)[0] in refused(studio).problem


def test_the_sites_own_paths_are_read_on_every_system(own: Path, studio: Path) -> None:
    studio.write_text(
        'root = "P:/takes"\nroots = ["P:/"]\ntrust = ["P:/keys"]\ncolour = "P:/config.ocio"\n'
        'presets = "P:/presets"\ncontext = ["P:/shows/{show}/*"]\n'
        '[[mappings]]\nlinux = "/mnt/p"\nwindows = "P:/"\nmacos = "/mnt/p"\n'
    )

    found = load(studio)

    assert (found.root, found.roots) == (Path("/mnt/p/takes"), (Path("/mnt/p"),))
    assert (found.trust, found.colour) == ((Path("/mnt/p/keys"),), "/mnt/p/config.ocio")
    assert (found.presets, found.context) == (Path("/mnt/p/presets"), ("/mnt/p/shows/{show}/*",))
    assert found.local(Path(r"p:\a\b")) == Path("/mnt/p/a/b")


def test_where_servers_and_the_roll_out_are_is_read_on_every_system(
    own: Path, studio: Path
) -> None:
    studio.write_text(
        'servers = ["render1:8001", "render2:8001"]\n'
        'rollout = "P:/rollout"\ntoken = "P:/secret/token"\n'
        '[tls]\nca = "P:/tls/ca.pem"\ncertificate = "P:/tls/ana.pem"\nkey = "P:/tls/ana.key"\n'
        '[[mappings]]\nlinux = "/mnt/p"\nwindows = "P:/"\nmacos = "/mnt/p"\n'
    )

    found = load(studio)

    assert found.servers == ("render1:8001", "render2:8001")
    assert (found.rollout, found.token) == (Path("/mnt/p/rollout"), Path("/mnt/p/secret/token"))
    assert found.tls == Tls(
        ca=Path("/mnt/p/tls/ca.pem"),
        certificate=Path("/mnt/p/tls/ana.pem"),
        key=Path("/mnt/p/tls/ana.key"),
    )


def test_a_certificate_of_ones_own_may_be_left_out(own: Path, studio: Path) -> None:
    studio.write_text('[tls]\nca = "/tls/ca.pem"\n')

    assert load(studio).tls == Tls(ca=Path("/tls/ca.pem"), certificate=None, key=None)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[tls]\ncertificate = "/tls/ana.pem"', "tls.ca: missing"),
        ('[tls]\nca = "/tls/ca.pem"\nverify = false', "tls.verify: unknown field"),
        ('servers = "render1:8001"', "servers: input should be a valid tuple"),
        ("rollout = 3", "rollout: "),
        ("token = true", "token: "),
    ],
)
def test_servers_certificates_and_a_roll_out_that_cannot_be_meant_are_refused(
    own: Path, studio: Path, lines: str, words: str
) -> None:
    studio.write_text(lines)

    assert words in refused(studio).problem


def test_a_users_mapping_does_not_widen_the_studios_roots(own: Path, studio: Path) -> None:
    studio.write_text('roots = ["/show", "Q:/"]\n')
    own.write_text(
        '[[mappings]]\nlinux = "/home"\nwindows = "Q:/"\n'
        '[[mappings]]\nlinux = "/home"\nmacos = "/show"\n'
    )

    assert load(studio).roots == (Path("/show"), Path("Q:/"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[[mappings]]\nlinux = "mnt"', "'mnt' is no folder like /mnt/projects"),
        ('[[mappings]]\nlinus = "/mnt"', "mappings[0].linus: unknown field"),
        ('context = ["/shows/*"]', "says neither where {show} nor where {shot} stands"),
        ('context = ["/{show"]', "is no path with places like {show} in it"),
        ('context = ["/{show}/{show}"]', "names a place twice"),
    ],
)
def test_a_mapping_or_a_template_that_cannot_be_meant_is_refused(
    own: Path, studio: Path, lines: str, words: str
) -> None:
    studio.write_text(lines)

    assert words in refused(studio).problem
