"""Motion without a network: OpenCV's DIS optical flow, brought to a moment between two frames."""

import cv2
import numpy as np

MOST_PIXELS = 32766  # cv2.remap counts pixels in 16 bits
NEAR = (5, 5)  # a single pixel agrees by chance, a few together hardly do
ALIKE = np.float32(1e-3)  # colours this near are the same


class Motion:
    """Finds the motion around a moment between two frames."""

    def __init__(self):
        self.dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def between(self, guide, time):
        """For (2, height, width, RGB): (height, width, 4) flow, and what to pull.

        Motion is found from either frame to the other. Which of the two holds for a pixel of the
        moment in between is told by the colours at both its ends: they agree where it does. The
        picture leans on each as far as it is right, because a hard choice leaves torn edges.
        """
        first, second = (_grey(one) for one in guide)
        ahead = _moved(self.dis.calc(first, second, None), -time)
        back = _moved(self.dis.calc(second, first, None), time - 1)
        both = [np.concatenate([-time * one, (1 - time) * one], axis=-1) for one in (ahead, -back)]
        apart = [_apart(guide, flow)[..., None] + ALIKE for flow in both]
        trust = apart[1] / (apart[0] + apart[1])
        pulls = []
        for flow, share in zip(both, (trust, 1 - trust), strict=True):
            pulls += [(0, flow[..., :2], share * (1 - time)), (1, flow[..., 2:], share * time)]
        return np.where(trust >= 0.5, *both), pulls


def pulled(image, flow):
    """The image read at each pixel plus its flow (x, y), to 1/32 of a pixel; edges go on."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(
        image, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _grey(image):
    return np.rint(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) * 255).astype(np.uint8)


def _moved(flow, share):
    """Flow as it lies where its pixels are after that share of their way.

    A pixel there came from where its own flow says, which is found by asking again.
    """
    there = flow
    for _ in range(2):
        there = pulled(flow, np.float32(share) * there)
    return there


def _apart(guide, flow):
    ends = pulled(guide[0], flow[..., :2]), pulled(guide[1], flow[..., 2:])
    return cv2.blur(np.abs(ends[0] - ends[1]).mean(axis=-1), NEAR)
