"""One training run of a dual encoder: its parts, and how the trainer goes through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss
from transformers import TrainerState

from engine.backends.device import CUDA
from engine.backends.torch_model import quiet
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.adapters import choose_trainable, word_embeddings
from index_builder.train.encoder.adversary import AdversarialPass
from index_builder.train.encoder.best_weights import BestWeights
from index_builder.train.encoder.callbacks import PATIENCE, TrainingWatch
from index_builder.train.encoder.encoder_base import open_base_encoder, prompts_of
from index_builder.train.encoder.encoder_plan import Adversary, EncoderPlan, EncoderReport
from index_builder.train.encoder.encoder_trainer import EncoderTrainer, training_arguments
from index_builder.train.encoder.examples import ExampleMaker, ExampleTable
from index_builder.train.encoder.held_out import HeldOut
from index_builder.train.encoder.live_encoder import LiveEncoder
from index_builder.train.encoder.ranking_loss import RankingLoss
from index_builder.train.encoder.rounds import Miner, Rounds, Teacher
from index_builder.train.encoder.run_folder import RunFolder
from index_builder.train.queries.query import TrainingQuery

_STATE = "trainer_state.json"


@dataclass(frozen=True, slots=True)
class EncoderData:
    """`texts[row]` is what the encoder reads of product `row`. `teacher` is a cross-encoder to learn from."""

    train: Sequence[TrainingQuery]
    held_out: Sequence[TrainingQuery]
    texts: Sequence[str]
    teacher: Teacher | None = None


class EncoderRun:
    """From the last checkpoint in the folder, where there is one. `best` holds the weights that did best."""

    def __init__(
        self,
        data: EncoderData,
        plan: EncoderPlan,
        control: TrainingControl,
        folder: RunFolder,
        *,
        base: Path,
        device: str,
    ) -> None:
        self.data, self.plan, self._control, self._folder = data, plan, control, folder
        self._device = device
        self.model = open_base_encoder(base, max_tokens=plan.train_tokens, device=device)
        choose_trainable(self.model, plan)
        query_prompt, product_prompt = prompts_of(self.model, plan)
        self.encoder = LiveEncoder(self.model, query_prompt=query_prompt, product_prompt=product_prompt)
        self._table = ExampleTable(
            data.train, data.texts, query_prompt=query_prompt, product_prompt=product_prompt
        )
        self._maker = ExampleMaker(
            data.train, products=len(data.texts), negatives=plan.negatives, seed=plan.seed
        )
        self._held_out = HeldOut(data.held_out, data.texts, products=plan.held_out_products, seed=plan.seed)
        self._checkpoint, self._step = folder.last_checkpoint()
        resumed = self._checkpoint is not None
        self.best = BestWeights.resume(folder.path, self._step) if resumed else BestWeights(folder.path)

    def measure(self, model: SentenceTransformer | None = None) -> dict[str, float]:
        """How the held-out queries fare with the weights as they are, or with another model."""
        return self._held_out.measure(self.encoder if model is None else self.encoder.of(model))

    def train(self, negatives: Miner) -> EncoderReport:
        started = monotonic()
        with quiet(), torch.random.fork_rng(devices=[0] if self._device == CUDA else []):
            arguments = training_arguments(self.plan, self._folder.path, self._device)
            count = self.plan.steps * self.plan.batch_size * arguments.world_size
            rounds = Rounds(self.data.train, self._maker, count, negatives, self.data.teacher, self._folder)
            watch = self._watch(rounds)
            if self._is_over:
                watch.ended = watch.ended if self._step == self.plan.total_steps else PATIENCE
                state = TrainerState.load_from_json(str(self._folder.path / str(self._checkpoint) / _STATE))
            else:
                trainer = EncoderTrainer(
                    self.model,
                    self._loss(),
                    self._table.dataset(count),
                    arguments,
                    watch,
                    dropout=self.plan.dropout,
                    adversary=self._adversary(),
                )
                trainer.train(resume_from_checkpoint=str(self._checkpoint) if self._checkpoint else None)
                state = trainer.state
        return self._report(state, watch.ended, count // self.plan.steps, monotonic() - started)

    @property
    def _is_over(self) -> bool:
        """A run that ended before it could export has nothing left to learn."""
        if self._checkpoint is None:
            return False
        return self._step >= self.plan.total_steps or self.best.waited >= self.plan.patience

    def _watch(self, rounds: Rounds) -> TrainingWatch:
        def begin_round(round_: int) -> None:
            self._table.examples = rounds.examples(round_, self.encoder)

        return TrainingWatch(
            self.plan,
            self._control,
            self.best,
            self.measure,
            begin_round,
            checkpoints=self._folder.keeps,
        )

    def _loss(self) -> torch.nn.Module:
        plan = self.plan
        ranking = RankingLoss(
            self.model,
            self._table,
            plan.loss,
            mini_batch_size=plan.mini_batch_size,
            plain=not plan.is_cached,
        )
        whole = self.encoder.dimension
        dimensions = [whole, *(size for size in plan.dimensions if size < whole)]
        loss: torch.nn.Module = MatryoshkaLoss(self.model, ranking, matryoshka_dims=dimensions)
        return loss

    def _adversary(self) -> AdversarialPass | None:
        if self.plan.adversary is Adversary.NONE:
            return None
        words = word_embeddings(self.model)
        return AdversarialPass(
            self.plan.adversary, self.plan.adversary_strength, words=words, model=self.model
        )

    def _report(self, state: TrainerState, ended: str, examples_a_step: int, seconds: float) -> EncoderReport:
        losses = [float(each["loss"]) for each in state.log_history if "loss" in each] or [float("nan")]
        return EncoderReport(
            queries=len(self._maker.usable),
            left_out=len(self.data.train) - len(self._maker.usable),
            steps=state.global_step,
            examples=state.global_step * examples_a_step,
            best_step=self.best.best.step,
            evaluations=self.best.evaluations,
            first_loss=losses[0],
            last_loss=losses[-1],
            ended=ended,
            seconds=seconds,
        )
