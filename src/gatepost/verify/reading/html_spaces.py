"""Colour spaces (CSS Color 4 sections 8 to 10): from each to sRGB and back, three numbers at a time."""

import colorsys
import math
from collections.abc import Callable

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

_SRGB: Matrix = ((0.412391, 0.357584, 0.180481), (0.212639, 0.715169, 0.072192), (0.019331, 0.119195, 0.950532))
_TO_XYZ: dict[str, Matrix] = {
    "srgb-linear": _SRGB,
    "display-p3": ((0.486571, 0.265668, 0.198217), (0.228975, 0.691739, 0.079287), (0.0, 0.045113, 1.043944)),
    "a98-rgb": ((0.576669, 0.185558, 0.188229), (0.297345, 0.627364, 0.075291), (0.027031, 0.070689, 0.991338)),
    "rec2020": ((0.636958, 0.144617, 0.168881), (0.2627, 0.677998, 0.059302), (0.0, 0.028073, 1.060985)),
    "prophoto-rgb": ((0.755599, 0.112726, 0.082179), (0.268320, 0.715116, 0.016564), (0.003916, -0.012925, 1.098026)),
    "xyz": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "xyz-d65": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "xyz-d50": ((0.955473, -0.023099, 0.063259), (-0.028370, 1.009995, 0.021041), (0.012314, -0.020508, 1.330366)),
}
"""From linear light to XYZ for daylight (D65), adapted where the space means another white."""
_CURVES = {"display-p3": 2.2, "a98-rgb": 2.2, "rec2020": 2.2, "prophoto-rgb": 1.8}
"""The gamma that comes near the space's own curve: what is asked here is whether colours look alike."""
_OKLAB: Matrix = ((1.0, 0.396338, 0.215804), (1.0, -0.105561, -0.063854), (1.0, -0.089484, -1.291486))
_LMS: Matrix = ((1.226880, -0.557815, 0.281391), (-0.040576, 1.112287, -0.071711), (-0.076373, -0.421493, 1.586924))
_WHITE_D50 = (0.964296, 1.0, 0.825105)
_KAPPA, _EPSILON = 24389 / 27, 216 / 24389


def _applied(matrix: Matrix, to: Triple) -> Triple:
    return tuple(sum(factor * one for factor, one in zip(row, to, strict=True)) for row in matrix)  # type: ignore[return-value]  # three rows


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    over = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / over, (c * h - b * i) / over, (b * f - c * e) / over),
        ((f * g - d * i) / over, (a * i - c * g) / over, (c * d - a * f) / over),
        ((d * h - e * g) / over, (b * g - a * h) / over, (a * e - b * d) / over),
    )


_FROM_XYZ = {name: _inverse(matrix) for name, matrix in _TO_XYZ.items()}
_FROM_OKLAB, _FROM_LMS = _inverse(_OKLAB), _inverse(_LMS)


def _power(base: float, exponent: float) -> float:
    return math.copysign(min(abs(base), 1e6) ** exponent, base)


def _linear(one: float) -> float:
    return one / 12.92 if abs(one) <= 0.04045 else math.copysign(((abs(one) + 0.055) / 1.055) ** 2.4, one)  # noqa: PLR2004  # CSS Color 4 section 10.2


def _curved(one: float) -> float:
    return one * 12.92 if abs(one) <= 0.0031308 else math.copysign(1.055 * abs(one) ** (1 / 2.4) - 0.055, one)  # noqa: PLR2004  # CSS Color 4 section 10.2


def _each(function: Callable[[float], float], triple: Triple) -> Triple:
    return function(triple[0]), function(triple[1]), function(triple[2])


def _of_xyz(xyz: Triple) -> Triple:
    return _each(_curved, _applied(_FROM_XYZ["srgb-linear"], xyz))


def _lab_to_xyz(lab: Triple) -> Triple:
    middle = (lab[0] + 16) / 116
    steps = (lab[1] / 500 + middle, middle, middle - lab[2] / 200)
    x, z = (one**3 if one**3 > _EPSILON else (116 * one - 16) / _KAPPA for one in (steps[0], steps[2]))
    y = middle**3 if lab[0] > _KAPPA * _EPSILON else lab[0] / _KAPPA
    white = x * _WHITE_D50[0], y * _WHITE_D50[1], z * _WHITE_D50[2]
    return _applied(_TO_XYZ["xyz-d50"], white)


def _xyz_to_lab(xyz: Triple) -> Triple:
    d50 = _applied(_FROM_XYZ["xyz-d50"], xyz)
    x, y, z = (
        _power(one, 1 / 3) if one > _EPSILON else (_KAPPA * one + 16) / 116
        for one in (part / white for part, white in zip(d50, _WHITE_D50, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _oklab_to_xyz(lab: Triple) -> Triple:
    return _applied(_LMS, _each(lambda one: one**3, _applied(_OKLAB, lab)))


def _xyz_to_oklab(xyz: Triple) -> Triple:
    return _applied(_FROM_OKLAB, _each(lambda one: _power(one, 1 / 3), _applied(_FROM_LMS, xyz)))


def _round(polar: Triple) -> Triple:
    hue = math.radians(polar[2])
    return polar[0], polar[1] * math.cos(hue), polar[1] * math.sin(hue)


def _polar(flat: Triple) -> Triple:
    return flat[0], math.hypot(flat[1], flat[2]), math.degrees(math.atan2(flat[2], flat[1])) % 360


def to_srgb(space: str, triple: Triple) -> Triple:
    """Return red, green and blue, 0 to 1 where the screen can show them.

    Args:
        space: a name of CSS Color 4, ``rgb`` among them (0 to 255); shares and lightness of ``hsl``, ``hwb``, ``lab``
            and ``lch`` come in hundredths, hues in degrees.
        triple: its three numbers.
    """
    triple = _each(lambda one: min(max(one, -1e4), 1e4), triple)
    if space == "rgb":
        return _each(lambda one: one / 255, triple)
    if space in {"hsl", "hwb"}:
        return _of_cylinder(space, triple)
    if space in {"lab", "lch"}:
        return _of_xyz(_lab_to_xyz(triple if space == "lab" else _round(triple)))
    if space in {"oklab", "oklch"}:
        return _of_xyz(_oklab_to_xyz(triple if space == "oklab" else _round(triple)))
    if space in _TO_XYZ:
        gamma = _CURVES.get(space)
        return _of_xyz(_applied(_TO_XYZ[space], _each(lambda one: _power(one, gamma), triple) if gamma else triple))
    return triple


def _of_cylinder(space: str, triple: Triple) -> Triple:
    hue, one, two = triple[0] % 360 / 360, min(max(triple[1] / 100, 0), 1), min(max(triple[2] / 100, 0), 1)
    if space == "hsl":
        return colorsys.hls_to_rgb(hue, two, one)
    if one + two >= 1:
        return (one / (one + two),) * 3
    return _each(lambda part: part * (1 - one - two) + one, colorsys.hls_to_rgb(hue, 0.5, 1))


def of_srgb(space: str, rgb: Triple) -> Triple:
    """Return the three numbers of a colour in another space, as ``to_srgb`` takes them."""
    if space == "rgb":
        return _each(lambda one: one * 255, rgb)
    if space == "hsl":
        hue, lightness, saturation = colorsys.rgb_to_hls(*_each(lambda one: min(max(one, 0), 1), rgb))
        return hue * 360, saturation * 100, lightness * 100
    if space == "hwb":
        return colorsys.rgb_to_hsv(*rgb)[0] * 360, min(rgb) * 100, (1 - max(rgb)) * 100
    return _of_light(space, _applied(_SRGB, _each(_linear, rgb)), rgb)


def _of_light(space: str, xyz: Triple, rgb: Triple) -> Triple:
    if space in {"lab", "lch"}:
        return _xyz_to_lab(xyz) if space == "lab" else _polar(_xyz_to_lab(xyz))
    if space in {"oklab", "oklch"}:
        return _xyz_to_oklab(xyz) if space == "oklab" else _polar(_xyz_to_oklab(xyz))
    if space in _FROM_XYZ:
        gamma = _CURVES.get(space)
        light = _applied(_FROM_XYZ[space], xyz)
        return _each(lambda one: _power(one, 1 / gamma), light) if gamma else light
    return rgb
