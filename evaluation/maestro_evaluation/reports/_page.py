"""The report as one self-contained HTML page: no script, no request to anywhere, every text escaped."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from maestro_evaluation.reports import _words
from maestro_evaluation.reports._data import ReportData
from maestro_evaluation.reports._failures import Failures
from maestro_graph._printable import printable
from maestro_graph.errors import MissingExtraError

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["report_page"]

WORDS = tuple(_words.__all__)


def report_page(data: ReportData, failures: Failures) -> str:
    """Render the page.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    jinja2 = _jinja2()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maestro_evaluation.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(_words, name) for name in WORDS})
    environment.filters["breakable"] = _breakable
    main_first = sorted(data.routers, key=lambda router: router.name != data.main)
    numbers = {router.name: number for number, router in enumerate(data.routers, start=1)}
    page: str = environment.get_template("report.html").render(
        data=data,
        failures=failures,
        numbers=numbers,
        reach=_reach(data),
        planes=[(plane, _plane(data, plane, numbers)) for plane in data.planes],
        main_first=main_first,
        calibrated=[(router, _reliability(router.calibration)) for router in main_first if router.calibration],
    )
    return page


def _harmless(told: Any) -> Any:
    """Escaping comes after this; what acts on a terminal or turns text around goes here."""
    return printable(told) if type(told) is str else told


def _breakable(name: str) -> Markup:
    """A name that may be broken after its joints."""
    from markupsafe import Markup, escape

    text = str(escape(printable(name)))
    return Markup(text.replace("_", "_<wbr>").replace("@@", "@@<wbr>"))  # noqa: S704 - escaped above


def _reach(data: ReportData) -> float:
    """How far to both sides of zero the scale of differences goes."""
    changes = [row.comparison.overall.difference for row in data.against]
    return max((abs(bound) for change in changes for bound in (change.low, change.high)), default=1.0) or 1.0


def _plane(data: ReportData, plane: Any, numbers: dict[str, int]) -> Markup:
    from maestro_evaluation.reports._svg import points_of, scatter

    bounds = {
        name: (figure.interval.low, figure.interval.high)
        for name, figure in data.by_suite.mean.items()
        if figure.interval is not None
    }
    return scatter(points_of(plane.points, bounds, plane.front, numbers), unit=plane.unit)


def _reliability(found: Any) -> Markup:
    from maestro_evaluation.reports._svg import reliability

    return reliability(found)


def _jinja2() -> ModuleType:
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError("the HTML report", "eval", "jinja2") from error
    return jinja2
