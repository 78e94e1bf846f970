"""Procedural smoke: volumes to learn and to measure on, made from seeds and nothing else.

Places are carried back through turbulence without divergence and density is looked up where they
came from, so filaments are as thin as the flow made them and no grid has smeared them. Each voxel
is the mean of what lies in it: a volume is made at twice its resolution and averaged, and averaged
once more for the low one. `simulated` is a smoke solver, for measuring alone.
"""

import numpy as np
from scipy import fft, ndimage

LEARNT = ("plume", "blast", "cloud", "wisps")
UNSEEN = ("ring", "simulated")


def made(kind, seed, size=64):
    """One volume (size, size, size) float32, from 0 to 1."""
    rng = np.random.default_rng([seed, sum(kind.encode())])
    if kind == "simulated":
        high = simulated(rng, size)
    else:
        places = carried(grid(2 * size), rng)
        kinds = {"plume": plume, "blast": blast, "cloud": cloud, "wisps": wisps, "ring": ring}
        high = averaged(kinds[kind](places, rng))
    high = np.maximum(high, 0)
    return (high / high.max()).astype(np.float32)


def averaged(volume):
    """The mean of each 2x2x2 voxels."""
    z, y, x = (side // 2 for side in volume.shape)
    return volume.reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5))


def grid(size):
    """Places of voxels (3, size, size, size), z y x from 0 to 1."""
    middles = (np.arange(size) + 0.5) / size
    return np.stack(np.meshgrid(middles, middles, middles, indexing="ij"))


def noise(rng, size, slope, longest):
    """Periodic noise (size, size, size) whose amplitude falls with frequency by `slope`."""
    f = np.stack(np.meshgrid(*[fft.fftfreq(size, 1 / size)] * 3, indexing="ij"))
    length = np.sqrt((f**2).sum(axis=0))
    amplitude = np.where(length >= longest, np.maximum(length, 1) ** -slope, 0)
    waves = fft.fftn(rng.normal(size=(size,) * 3)) * amplitude
    found = fft.ifftn(waves).real
    return found / found.std()


def turbulence(rng, size=48):
    """A velocity (3, size, size, size) without divergence: the curl of three noises."""
    slope = rng.uniform(2.6, 3.6)
    a = [noise(rng, size, slope, rng.integers(1, 3)) for _ in range(3)]
    curl = np.stack(
        [
            slope_of(a[2], 1) - slope_of(a[1], 2),
            slope_of(a[0], 2) - slope_of(a[2], 0),
            slope_of(a[1], 0) - slope_of(a[0], 1),
        ]
    )
    return curl / np.sqrt((curl**2).sum(axis=0).mean())


def slope_of(volume, axis):
    return (np.roll(volume, -1, axis) - np.roll(volume, 1, axis)) / 2


def at(volume, places):
    """Its values at places from 0 to 1; it is periodic."""
    return look(volume, places * volume.shape[0] - 0.5)


def look(volume, voxels, order=1):
    return ndimage.map_coordinates(volume, voxels, order=order, mode="grid-wrap")


def carried(places, rng):
    """Where each place was before the turbulence moved it, in some steps of the midpoint rule."""
    velocity = turbulence(rng).astype(np.float32)
    steps, length = 4, rng.uniform(0.05, 0.25)
    places = places.astype(np.float32)
    for _ in range(steps):
        half = places - length / steps / 2 * np.stack([at(one, places) for one in velocity])
        places = places - length / steps * np.stack([at(one, half) for one in velocity])
    return places


def soft(inside, width):
    return 1 / (1 + np.exp(-np.clip(inside / width, -40, 40)))


def lumps(places, rng, roughness):
    """Noise at many scales, looked up where the smoke came from: it has moved with it."""
    return at(noise(rng, 64, rng.uniform(1.6, 2.4), 2).astype(np.float32), places) * roughness


def plume(places, rng):
    z, y, x = places
    centre, lean = rng.uniform(0.35, 0.65, 2), rng.uniform(-0.2, 0.2, 2)
    radius = rng.uniform(0.06, 0.14) * (1 + 1.5 * y)
    away = np.hypot(x - centre[0] - lean[0] * y, z - centre[1] - lean[1] * y)
    body = soft(radius - away + lumps(places, rng, 0.02), rng.uniform(0.004, 0.03))
    return body * np.exp(-rng.uniform(0, 1.5) * y) * np.maximum(1 + lumps(places, rng, 0.3), 0)


def blast(places, rng):
    total = 0
    for _ in range(rng.integers(2, 9)):
        centre = rng.uniform(0.2, 0.8, (3, 1, 1, 1))
        away = np.sqrt(((places - centre) ** 2).sum(axis=0))
        total = total + rng.uniform(0.3, 1) * soft(
            rng.uniform(0.04, 0.2) - away + lumps(places, rng, 0.03), rng.uniform(0.003, 0.03)
        )
    return total


def cloud(places, rng):
    thick = lumps(places, rng, 1) - rng.uniform(0.2, 1.2)
    away = np.abs(places - 0.5).max(axis=0)
    return np.maximum(thick, 0) * soft(0.42 - away, 0.02)


def wisps(places, rng):
    """Sheets where a noise passes through a value, as smoke that was stretched long."""
    level = lumps(places, rng, 1)
    sheets = np.exp(-((level / rng.uniform(0.05, 0.25)) ** 2))
    return sheets * np.maximum(1 + lumps(places, rng, 0.8), 0)


def ring(places, rng):
    """Rings and a core, as nothing that was learnt."""
    z, y, x = places - rng.uniform(0.4, 0.6, (3, 1, 1, 1))
    away = np.hypot(np.hypot(x, z) - rng.uniform(0.18, 0.28), y)
    turned = np.sin(np.arctan2(y, np.hypot(x, z) - 0.2) * 3 + away * rng.uniform(40, 120))
    return soft(rng.uniform(0.06, 0.12) - away, 0.01) * (0.6 + 0.4 * turned)


def simulated(rng, size, steps=90):
    """Hot smoke that rises from a source in a periodic box: advection, buoyancy, no divergence."""
    k = np.stack(np.meshgrid(*[fft.fftfreq(size)] * 2, fft.rfftfreq(size), indexing="ij"))
    squared = np.maximum((k**2).sum(axis=0), 1e-12)
    voxel = np.indices((size,) * 3).astype(np.float32)
    place = (voxel + 0.5) / size
    away = np.sqrt((place[0] - 0.5) ** 2 + (place[2] - 0.5) ** 2 + (2 * (place[1] - 0.1)) ** 2)
    source = soft(0.1 + 0.03 * noise(rng, size, 2, 3) - away, 0.01).astype(np.float32)
    density = np.zeros_like(source)
    velocity = 0.1 * turbulence(rng, size).astype(np.float32)
    for step in range(steps):
        density = np.maximum(density, source * (1 if step < steps * 0.8 else 0))
        velocity[1] += 0.12 * density
        waves = fft.rfftn(velocity, axes=(1, 2, 3))
        waves -= k * ((waves * k).sum(axis=0) / squared)
        velocity = fft.irfftn(waves, (size,) * 3, axes=(1, 2, 3)).astype(np.float32)
        fields = np.concatenate([velocity, density[None]])
        moved = np.stack([maccormack(one, voxel, velocity) for one in fields])
        velocity, density = moved[:3], moved[3]
    return density


def maccormack(field, voxel, velocity):
    """Carried along the velocity with the error of one step there and back taken off, and held."""
    ahead = look(field, voxel - velocity)
    back = look(ahead, voxel + velocity)
    better = ahead + 0.5 * (field - back)
    low = ndimage.minimum_filter(field, 3, mode="wrap")
    high = ndimage.maximum_filter(field, 3, mode="wrap")
    near = np.round(voxel - velocity)
    return np.clip(better, look(low, near, 0), look(high, near, 0))
