"""Aliases: the names under which renderers write the images that tasks ask for.

A role is the name that contracts give an input: color, albedo, normal. Its names are those of
Arnold, Blender and Cycles, Karma and Mantra, Nuke, RenderMan, Redshift and V-Ray, and a site adds
its own. Letters' case makes no difference, nor whether words are parted by a space, _ or -.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

RENDERERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "color": ("rgba", "rgb", "beauty", "combined", "noisy image", "C", "Cf", "Ci"),
        "alpha": ("alpha", "A", "opacity", "Oi"),
        "albedo": (
            "albedo",
            "diffuse_albedo",
            "denoise_albedo",
            "denoising albedo",
            "basecolor",
            "base_color",
            "DiffuseFilter",
            "VRayDiffuseFilter",
        ),
        # not bump normals: they are in screen space
        "normal": (
            "normal",
            "normals",
            "N",
            "Nn",
            "denoise_normal",
            "denoising normal",
            "VRayNormals",
        ),
        "depth": (
            "depth",
            "Z",
            "Pz",
            "zdepth",
            "z_depth",
            "VRayZDepth",
            "zfiltered",
            "depth_extra",
        ),
        "motion": (
            "motion",
            "forward",
            "motionvector",
            "motionvectors",
            "motion_vector",
            "motion_vectors",
            "vector",
            "velocity",
            "VRayVelocity",
            "dPdtime",
        ),
        "position": ("position", "P", "world_position"),
        "emission": (
            "emission",
            "emit",
            "emissive",
            "self_illumination",
            "VRaySelfIllumination",
            "combinedemission",
        ),
    }
)

# What holds numbers and no light, whoever wants it; crypto is the beginning of many names
_DATA = ("normal", "depth", "motion", "position", "alpha")
# numbers too, and nobody's guide: Karma's second normals, places and texture coordinates
_NUMBERS = ("Ng", "P_camera", "pRef", "uv_extra")
_IDS = ("crypto", "id ", "object id", "material id")

_SEPARATORS = str.maketrans("_-", "  ")


def table(own: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    """Role -> layer names: a site's own first, then those of renderers."""
    return MappingProxyType(
        {
            role: tuple(dict.fromkeys([*own.get(role, ()), *RENDERERS.get(role, ())]))
            for role in dict.fromkeys([*RENDERERS, *own])
        }
    )


def is_data(layer: str) -> bool:
    """Whether a layer's name says that it holds numbers: normals, depth, motion, ids, mattes."""
    last = plain(layer.rpartition(".")[2])
    known = (*_NUMBERS, *(one for role in _DATA for one in RENDERERS[role]))
    named = any(last == plain(one) for one in known)
    return named or last.startswith(_IDS)


def plain(name: str) -> str:
    """A name as it is compared: 'diffuse_Albedo' and 'Diffuse albedo' are the same."""
    return name.lower().translate(_SEPARATORS)
