import pytest

from pixcon_cli.run_names import without_common_parts

PARENTS = "fork.checkpoint-runs-parents-bank.rule-none--"


def test_what_all_names_start_and_end_with_is_said_once() -> None:
    names = [
        f"{PARENTS}seed-{seed}-epoch_4.pth--bank.rule-{rule}--seed-0" for seed, rule in ((0, "none"), (10, "clean"))
    ]
    shown, remark = without_common_parts(names)
    assert shown == dict(
        zip(names, ["…0-epoch_4.pth--bank.rule-none…", "…10-epoch_4.pth--bank.rule-clean…"], strict=True)
    )
    assert remark == f"All names start with {PARENTS}seed- and end with --seed-0"


def test_values_are_not_cut_in_the_middle() -> None:
    names = [
        f"schedule.epochs-{epochs}--bank.rule-clean--consistency.tau-0.{tau}" for epochs, tau in ((80, 95), (8, 5))
    ]
    shown, remark = without_common_parts(names)
    cut = [name.removeprefix("schedule.epochs-") for name in names]
    assert [*shown.values()] == [f"…{name}" for name in cut] and remark == "All names start with schedule.epochs-"


def test_a_name_within_another_stays_a_name_of_its_own() -> None:
    names = ["consistency.threshold.rule-a-runs-of-a", "consistency.threshold.rule-a-runs-of-a-a"]
    shown, _ = without_common_parts(names)
    assert [*shown.values()] == ["…", "…a"]


@pytest.mark.parametrize(
    "names",
    [
        [],
        [f"{PARENTS}seed-0"],
        ["model.size-nano--seed-0", "model.size-nano--seed-1"],
        [f"{rule}{PARENTS}{rule}" for rule in ("a", "b")],
    ],
    ids=["none", "one", "short", "nothing in common"],
)
def test_other_names_stay_whole(names: list[str]) -> None:
    assert without_common_parts(names) == ({name: name for name in names}, "")
