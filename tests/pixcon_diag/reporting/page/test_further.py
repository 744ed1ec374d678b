"""What no section shows stands under its question; known results do not stand twice."""

from pixcon_diag.reporting.page.further import section
from pixcon_diag.reporting.page.section import Context


def test_results_with_a_section_of_their_own_do_not_stand_twice(measured: Context) -> None:
    assert section(measured) is None
