"""Units of measurement: names, dimensions, and how many of the dimension's base unit each is.

A small table instead of a library: answers name everyday units, and a wrong reading (`m` as minute) costs more than a
missing one. Volumes are of the United States.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class Unit(NamedTuple):
    """One unit."""

    name: str
    """Its usual sign."""
    dimension: str
    """Units of one dimension convert into one another."""
    factor: Fraction
    """How many base units one is."""
    zero: Fraction = Fraction(0)
    """Its zero in base units; not 0 for temperatures alone."""
    system: str = "metric"
    """Conversions within a system are exact, those between systems are written rounded."""


_PREFIXED = {  # base: dimension, sign, long name, factor
    "length": ("m", "meter metre", "1"),
    "mass": ("g", "gram gramme", "0.001"),
    "volume": ("l", "liter litre", "0.001"),
    "power": ("w", "watt", "1"),
    "energy": ("j", "joule", "1"),
    "voltage": ("v", "volt", "1"),
    "current": ("a", "amp ampere", "1"),
    "frequency": ("hz", "hertz", "1"),
}
_PREFIXES = {
    "": ("", "1"), "m": ("milli", "1/1000"), "c": ("centi", "1/100"), "k": ("kilo", "1000"), "d": ("deci", "1/10"),
    "μ": ("micro", "1/1000000"), "n": ("nano", "1/1000000000"),
}  # fmt: skip
_LARGE = {"m": ("mega", "1000000"), "g": ("giga", "1000000000"), "k": ("kilo", "1000"), "": ("", "1")}
_OTHERS = """
length inch in inches inch ": 0.0254 customary
length ft foot feet ft ': 0.3048 customary
length yd yard yards yd: 0.9144 customary
length mi mile miles mi: 1609.344 customary
length nmi nautical_mile nautical_miles nmi: 1852 customary
mass t tonne tonnes metric_ton metric_tons: 1000 metric
mass lb pound pounds lb lbs: 0.45359237 customary
mass oz ounce ounces oz: 0.028349523125 customary
mass st stone st: 6.35029318 customary
mass ton ton tons short_ton short_tons: 907.18474 customary
volume gal gallon gallons gal: 0.003785411784 customary
volume qt quart quarts qt: 0.000946352946 customary
volume pt pint pints pt: 0.000473176473 customary
volume floz fluid_ounce fluid_ounces fl_oz: 0.0000295735295625 customary
volume tbsp tablespoon tablespoons tbsp: 0.00001478676478125 customary
volume tsp teaspoon teaspoons tsp: 0.00000492892159375 customary
volume m^3 cubic_meter cubic_meters cubic_metre cubic_metres m^3 m3: 1 metric
volume cm^3 cubic_centimeter cubic_centimeters cm^3 cc ccm cm3: 0.000001 metric
area m^2 square_meter square_meters square_metre square_metres m^2 sqm m2: 1 metric
area cm^2 square_centimeter square_centimeters cm^2 cm2: 0.0001 metric
area km^2 square_kilometer square_kilometers km^2 km2: 1000000 metric
area ft^2 square_foot square_feet ft^2 sq_ft sqft: 0.09290304 customary
area mi^2 square_mile square_miles mi^2 sq_mi: 2589988.110336 customary
area ha hectare hectares ha: 10000 metric
area acre acre acres: 4046.8564224 customary
time ms millisecond milliseconds ms: 0.001 metric
time s second seconds sec secs s: 1 metric
time min minute minutes min mins: 60 metric
time h hour hours hr hrs h: 3600 metric
time day day days: 86400 metric
time week week weeks wk wks: 604800 metric
months month month months: 1 metric
months year year years yr yrs: 12 metric
months decade decade decades: 120 metric
months century century centuries: 1200 metric
speed m/s m/s mps meter_per_second meters_per_second metre_per_second metres_per_second m_per_second: 1 metric
speed km/h km/h kph kmh kilometer_per_hour kilometers_per_hour kilometre_per_hour kilometres_per_hour: 5/18 metric
speed km/h km_per_hour kilometers_an_hour: 5/18 metric
speed mph mph mi/h mile_per_hour miles_per_hour miles_an_hour mi_per_hour: 0.44704 customary
speed kn knot knots kn: 463/900 customary
data byte byte bytes: 1 metric
data kb kilobyte kilobytes kb: 1000 metric
data mb megabyte megabytes mb: 1000000 metric
data gb gigabyte gigabytes gb: 1000000000 metric
data tb terabyte terabytes tb: 1000000000000 metric
angle ° degree degrees deg °: 1 metric
percent % percent per_cent percentage %: 1/100 metric
energy cal calorie calories cal: 4.184 metric
energy kcal kilocalorie kilocalories kcal: 4184 metric
dollar $ dollar dollars usd $ buck bucks us$ us_dollar us_dollars: 1 metric
dollar ¢ cent cents ¢: 1/100 metric
euro € euro euros eur €: 1 metric
pound-sterling £ pound pounds gbp £ quid: 1 metric
yen ¥ yen jpy ¥: 1 metric
rupee ₹ rupee rupees inr ₹: 1 metric
yuan yuan yuan rmb cny: 1 metric
pressure psi psi: 6894.757293168 customary
pressure bar bar bars: 100000 metric
"""
_TEMPERATURES = {
    "K": ("kelvin kelvins k", "1", "0"),
    "°C": ("degree_celsius degrees_celsius celsius °c degrees_centigrade degrees_c degree_c c", "1", "273.15"),
    "°F": ("degree_fahrenheit degrees_fahrenheit fahrenheit °f degrees_f degree_f f", "5/9", "45967/180"),
}  # fmt: skip


def _units() -> dict[str, tuple[Unit, ...]]:
    table: dict[str, tuple[Unit, ...]] = {}

    def add(names: list[str], unit: Unit) -> None:
        for name in dict.fromkeys(names):
            table[name] = (*table.get(name, ()), unit)

    for dimension, (sign, long_names, base) in _PREFIXED.items():
        prefixes = _LARGE if dimension in ("power", "energy", "frequency") else _PREFIXES
        for prefix, (long_prefix, factor) in prefixes.items():
            plurals = [f"{long_prefix}{name}{end}" for name in long_names.split() for end in ("", "s")]
            plurals += ["hertz"] if dimension == "frequency" and not prefix else []
            add([prefix + sign, *plurals], Unit(prefix + sign, dimension, Fraction(base) * Fraction(factor)))
    for line in _OTHERS.strip().splitlines():
        head, _, tail = line.rpartition(": ")
        dimension, sign, *names = head.split()
        factor, system = tail.split()
        add([name.replace("_", " ") for name in names], Unit(sign, dimension, Fraction(factor), system=system))
    for sign, (names, factor, zero) in _TEMPERATURES.items():
        system = "customary" if sign == "°F" else "metric"
        unit = Unit(sign, "temperature", Fraction(factor), Fraction(zero), system)
        add([name.replace("_", " ") for name in names.split()], unit)
    return table


UNITS: dict[str, tuple[Unit, ...]] = _units()
"""Units by lower-case name; `pounds` names two."""
LONGEST_NAME = max(len(name.split()) for name in UNITS)


def converted(value: Fraction, unit: Unit, to: Unit) -> Fraction:
    """Return a value in another unit of the same dimension.

    >>> fahrenheit, celsius = UNITS["°f"][0], UNITS["°c"][0]
    >>> converted(Fraction(212), fahrenheit, celsius)
    Fraction(100, 1)
    """
    return (value * unit.factor + unit.zero - to.zero) / to.factor
