"""What NVIDIA's wheel nvidia-pytriton holds: the tritonserver binary and its Python backend."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from answerprint.errors import SetupError


@dataclass(frozen=True)
class Binary:
    """Where the wheel keeps tritonserver, and what its processes need to find."""

    program: Path
    caches: Path
    libraries: str

    def environment(self) -> dict[str, str]:
        """The caller's environment with the interpreter of this venv first, and no other Python."""
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
        return kept | {
            "LD_LIBRARY_PATH": self.libraries,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        }


def binary() -> Binary:
    """Raises SetupError: the wheel, or Python's own shared library, is missing."""
    site = Path(sysconfig.get_path("purelib"))
    program = site / "pytriton" / "tritonserver" / "bin" / "tritonserver"
    if not program.is_file():
        raise SetupError(
            "The embedded server is not installed here: it needs Linux and Python 3.10 to 3.12.",
            remedy="Run: pip install 'answerprint[server]', or use a server elsewhere "
            "(ANSWERPRINT_SERVER=host:port).",
        )
    libdir = sysconfig.get_config_var("LIBDIR") or ""
    libraries = os.pathsep.join([str(site / "nvidia_pytriton.libs"), str(libdir)])
    return Binary(program, program.parents[1] / "caches", libraries)


def backends(folder: Path) -> Path:
    """A backend folder in which Python's stub stands beside the backend library, made once.

    The wheel keeps the stubs elsewhere, one for each Python; the backend looks only beside itself.
    """
    held = binary().program.parents[1]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ready = folder / f"backends-{version}"
    stub = held / "python_backend_stubs" / version / "triton_python_backend_stub"
    if (ready / "python" / stub.name).is_file():
        return ready
    made = folder / f"backends-{version}.{os.getpid()}.part"
    shutil.copytree(held / "backends", made)
    shutil.copy2(stub, made / "python" / stub.name)
    try:
        made.rename(ready)
    except OSError:  # another process was faster
        shutil.rmtree(made)
    return ready
