"""The passes of a study's members, computed or cached, with the checks that follow a pass."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pixcon_diag.cache.count_cells import count_cells
from pixcon_diag.cache.derived import derived
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.replay import ReplayedPass, options_of, replay
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.groups.bars import Bar
from pixcon_diag.groups.members import Member
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.cells import CellsPass
from pixcon_diag.passes.forms import formed
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_train.core.progress import Notify
from pixcon_train.models.recipes import RECIPES


@dataclass(frozen=True)
class Measuring:
    """Runs the passes of a study."""

    options: StudyOptions
    bar: Bar
    notify: Notify

    def measured(self, member: Member, options: MeasureOptions) -> MeasuredPass:
        """The pass over the images of a member; audited where the study asks for it.

        Raises:
            PixConError: it cannot be measured, or a count differs.
        """
        with self.bar(f"measuring {member.checkpoint.name}") as progress:
            measured = measure(
                member.checkpoint, member.data, options, self.options.run,
                cache=self.options.cache, progress=progress, notify=self.notify,
            )  # fmt: skip
        measured = self._with_recipes(member.checkpoint, measured)
        return self.audited(member.checkpoint, measured) if self.options.audit else measured

    def _with_recipes(self, checkpoint: LoadedCheckpoint, measured: MeasuredPass) -> MeasuredPass:
        """The pass with the comparison of recipes, if its mIoU is not the stated one and the network has a recipe."""
        check = measured.provenance.load_check
        if check is None or check.warning is None or checkpoint.info.recipe is None:
            return measured
        from pixcon_diag.audit.recipes import IMAGES, correct_pixels, recipe_check

        def count() -> dict[str, np.ndarray]:
            with self.bar(f"comparing recipes of {checkpoint.name}") as progress:
                return correct_pixels(checkpoint, measured.data, self.options.run, progress=progress)

        forms = {name: f"int>=0 {len(RECIPES)} I" for name in ("correct", "pixels")}
        key = {"recipes": list(RECIPES), "images": IMAGES}
        counts = derived(measured.folder, "recipes", key, count, partial(formed, forms=forms))
        found = recipe_check(checkpoint.info.recipe, **counts)
        self.notify(f"Warning: {checkpoint.name}: {found.verdict}")
        checked = replace(check, recipes=found)
        return replace(measured, provenance=replace(measured.provenance, load_check=checked))

    def audited(self, checkpoint: LoadedCheckpoint, measured: MeasuredPass) -> MeasuredPass:
        """The pass after some of its images are counted again.

        Raises:
            PixConError: a count differs, or the pass cannot be audited.
        """
        from pixcon_diag.audit.audit import audit  # a cached pass needs no torch

        with self.bar(f"auditing {checkpoint.name}") as progress:
            return audit(
                checkpoint, measured, self.options.run,
                images=self.options.audit, seed=self.options.seed, progress=progress, notify=self.notify,
            )  # fmt: skip

    def cells(
        self, checkpoint: LoadedCheckpoint, data: EvaluationData, *, cached_only: bool = False, maps: bool = False
    ) -> CellsPass:
        """The pass over images that may have no masks; arguments as of
        :func:`pixcon_diag.cache.count_cells.count_cells`.

        Raises:
            PixConError: it cannot be made.
        """
        with self.bar(f"predicting {Path(data.list_name).name} with {checkpoint.name}") as progress:
            return count_cells(
                checkpoint, data, self.options.taus, self.options.run,
                cached_only=cached_only, maps=maps, cache=self.options.cache, progress=progress, notify=self.notify,
            )  # fmt: skip

    def replayed(self, member: Member) -> ReplayedPass:
        """The bank of a member, filled over the list that the options name.

        Raises:
            PixConError: it cannot be replayed.
        """
        bank, checkpoint = self.options.bank, member.checkpoint
        choice = self.options.data if isinstance(self.options.data, DataChoice) else DataChoice()
        data = choose_data(replace(choice, list_path=bank.list_path), checkpoint, bank.split)
        options = options_of(checkpoint, tau=bank.tau, size=bank.size, cap=bank.cap, batch_size=bank.batch_size)
        with self.bar(f"replaying {checkpoint.name}'s bank") as progress:
            return replay(
                checkpoint, data, options, self.options.run,
                cache=self.options.cache, progress=progress, notify=self.notify,
            )  # fmt: skip
