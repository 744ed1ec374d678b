from matplotlib.colors import to_rgb

from pixcon_figures.palette import BLUE, GROUPS, class_colors, color, line


def test_the_baseline_is_blue_and_no_two_lines_look_alike() -> None:
    assert color(0) == BLUE
    looks = [tuple(line(place).values()) for place in range(4 * len(GROUPS))]
    assert len(set(looks)) == len(looks)


def test_a_data_set_s_palette_is_kept() -> None:
    assert class_colors([[0, 128, 255]]) == [(0.0, 128 / 255, 1.0)]
    assert to_rgb(class_colors([[64, 0, 0]])[0]) == (64 / 255, 0.0, 0.0)
