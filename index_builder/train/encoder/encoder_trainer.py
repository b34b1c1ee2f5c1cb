"""sentence-transformers' trainer, quiet, with batches in the order of the examples and checkpoints of what
learns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch.utils.data import SequentialSampler
from transformers import PrinterCallback, TrainerCallback

from engine.backends.device import CUDA
from index_builder.train.encoder.adapters import put_back, trainable
from index_builder.train.encoder.adversary import AdversarialPass
from index_builder.train.encoder.encoder_base import precision_flags
from index_builder.train.encoder.encoder_plan import EncoderPlan

LOG_EVERY = 10
_WEIGHTS = "model.safetensors"
_CHECKPOINTS_KEPT = 2
"""One of them is whole, should the run be killed while it writes the other."""


def training_arguments(plan: EncoderPlan, folder: Path, device: str) -> SentenceTransformerTrainingArguments:
    """Of the plan. Nothing is reported, printed or evaluated but by our own callback."""
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=plan.batch_size,
        num_train_epochs=plan.rounds,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
        max_grad_norm=plan.max_gradient,
        lr_scheduler_type="linear",
        warmup_steps=round(plan.warm_up * plan.total_steps),
        logging_steps=LOG_EVERY,
        save_strategy="no",
        eval_strategy="no",
        save_total_limit=_CHECKPOINTS_KEPT,
        report_to=[],
        disable_tqdm=True,
        dataloader_drop_last=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=device == CUDA,
        use_cpu=device != CUDA,
        seed=plan.seed,
        **precision_flags(plan.precision, device),
    )
    if device == CUDA and arguments.world_size == 1:
        # Several GPUs in one process would split each batch (DataParallel); one process each is the way.
        arguments._n_gpu = 1  # noqa: SLF001  # the field that transformers itself sets
    return arguments


class EncoderTrainer(SentenceTransformerTrainer):
    """An epoch is a round. Checkpoints hold the weights that learn, optimiser, schedule and random state."""

    def __init__(
        self,
        model: SentenceTransformer,
        loss: torch.nn.Module,
        dataset: Any,
        arguments: SentenceTransformerTrainingArguments,
        callback: TrainerCallback,
        *,
        dropout: bool,
        adversary: AdversarialPass | None,
    ) -> None:
        super().__init__(model=model, args=arguments, train_dataset=dataset, loss=loss, callbacks=[callback])
        self.remove_callback(PrinterCallback)
        self._dropout = dropout
        self._adversary = adversary

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Our own model card is written elsewhere."""

    def get_batch_sampler(
        self,
        dataset: Any,
        batch_size: int,
        drop_last: bool,
        *_options: Any,
        **_named: Any,
    ) -> DefaultBatchSampler:
        """The examples come mixed; their order is the same after a kill."""
        return DefaultBatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=drop_last)

    def compute_loss(self, model: Any, *arguments: Any, **options: Any) -> Any:
        model.train(self._dropout)
        # Around all of a batch, so that weights are cast to half precision once and not for each of its
        # parts.
        with self.accelerator.autocast():
            return super().compute_loss(model, *arguments, **options)

    def training_step(self, model: torch.nn.Module, *arguments: Any, **options: Any) -> torch.Tensor:
        if self._adversary is None:
            return self._pass(model, *arguments, **options)
        with self._adversary.watching():
            loss = self._pass(model, *arguments, **options)
            with self._adversary.moved():
                self._pass(model, *arguments, **options)
        return loss

    def _pass(self, model: torch.nn.Module, *arguments: Any, **options: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(model, *arguments, **options)
        return loss

    def _save(self, output_dir: str | None = None, _state_dict: Any = None) -> None:
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: weight.cpu().contiguous() for name, weight in trainable(self.model).items()}
        save_file(weights, folder / _WEIGHTS)

    def _load_from_checkpoint(self, checkpoint_path: str, _model: torch.nn.Module | None = None) -> None:
        put_back(self.model, load_file(Path(checkpoint_path) / _WEIGHTS))
