"""Trains the tagger from the titles themselves: transformers' token classification on the first layers of the
base model, taught by what the other layers are sure of (see tagger_labels).

A plain loop of torch, so that the same titles and seed give the same model, whatever the machine's speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Encoding
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

from engine.backends.model_files import TORCH_FOLDER, ModelSpec
from engine.backends.onnx_model import OnnxModel
from engine.backends.tokens import ATTENTION_MASK, INPUT_IDS, TextTokens, batches, padded
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.graph.text.calibration import best_temperature, calibrate, softmax
from index_builder.graph.text.span import Span
from index_builder.graph.text.tagger import Tagger, TaggerReading
from index_builder.graph.text.tagger_labels import IGNORED, SURE, TAGS, spans_of, tags_of
from index_builder.graph.text.titles import Title
from index_builder.train.base_model import transformer_folder
from index_builder.train.export import make_readable, save_tokenizer, write_onnx, write_spec
from index_builder.train.parity import CHECK_PRODUCTS
from index_builder.train.quantise import QUANTISATION

_INPUTS = (INPUT_IDS, ATTENTION_MASK)
_HEAD_SPEED = 10.0
_WARM_UP_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class TaggerPlan:
    """`titles` are drawn for training and `held_out` more for calibration; `layers` of the base model are
    kept; titles are cut at `max_tokens`, special tokens counted; a batch holds at most `batch_tokens` tokens.
    """

    layers: int = 3
    titles: int = 3000
    held_out: int = 500
    epochs: int = 2
    max_tokens: int = 48
    batch_tokens: int = 512
    learning_rate: float = 3e-4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TaggerReport:
    """`agreement` is the share of held-out spans that the other layers confirm, 0 to 1; losses are means over
    the first and the last tenth of the steps.
    """

    titles: int
    steps: int
    first_loss: float
    last_loss: float
    temperature: float
    agreement: float


def train_tagger(
    titles: Sequence[Title],
    spans: Sequence[Sequence[Span]],
    *,
    base: Path,
    out: Path,
    base_model: str,
    plan: TaggerPlan | None = None,
) -> tuple[Tagger, TaggerReport]:
    """Train on a sample, write the folder `out`, and open it. `spans[i]` are the settled spans of title i.
    Raises ConfigError without a title that has a span.
    """
    plan = plan or TaggerPlan()
    chosen, held = _sample(spans, plan)
    if not chosen:
        raise ConfigError("No title names anything that the catalogue states; there is nothing to train on.")
    with quiet():
        folder = transformer_folder(base)
        config = AutoConfig.from_pretrained(folder, num_labels=len(TAGS), local_files_only=True)
        config.num_hidden_layers = min(plan.layers, config.num_hidden_layers)
        torch.manual_seed(plan.seed)  # the new head
        model = AutoModelForTokenClassification.from_pretrained(folder, config=config, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    out.mkdir(parents=True, exist_ok=True)
    spec = ModelSpec(
        dimension=plan.max_tokens * len(TAGS),
        max_tokens=plan.max_tokens,
        pad_id=save_tokenizer(tokenizer, out),
        inputs=_INPUTS,
        base_model=base_model,
        quantisation=QUANTISATION,
    )
    tokens = TextTokens(out, spec)
    losses = _fit(model, tokens, spec, [titles[i] for i in chosen], [spans[i] for i in chosen], plan)
    _export(model, spec, out)
    reading, agreement = _calibration(out, spec, tokens, [titles[i] for i in held], [spans[i] for i in held])
    reading.save(out)
    write_spec(spec, out)
    tenth = max(1, len(losses) // 10)
    first, last = float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:]))
    report = TaggerReport(len(chosen), len(losses), first, last, reading.temperature, agreement)
    return Tagger.open(out), report


def _sample(spans: Sequence[Sequence[Span]], plan: TaggerPlan) -> tuple[list[int], list[int]]:
    """Places to learn from, and places to calibrate on: a fifth of all at most."""
    usable = np.array([place for place, found in enumerate(spans) if found], np.int64)
    mixed = np.random.default_rng(plan.seed).permutation(usable).tolist()
    held = min(plan.held_out, len(mixed) // 5)
    return mixed[held : held + plan.titles], mixed[:held]


def _fit(
    model: torch.nn.Module,
    tokens: TextTokens,
    spec: ModelSpec,
    titles: Sequence[Title],
    spans: Sequence[Sequence[Span]],
    plan: TaggerPlan,
) -> list[float]:
    encodings = tokens.texts([title.folded.text for title in titles])
    tags = [
        tags_of(title, found, encoding.offsets)
        for title, found, encoding in zip(titles, spans, encodings, strict=True)
    ]
    cut = [batch.places.tolist() for batch in batches(encodings, spec, token_budget=plan.batch_tokens)]
    chance = np.random.default_rng(plan.seed)
    steps = [cut[place] for _ in range(plan.epochs) for place in chance.permutation(len(cut))]
    optimizer = _optimizer(model, plan)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _speed(step, len(steps)))
    model.eval()  # no dropout: few passes, nothing to learn by heart
    losses = []
    for places in steps:
        inputs = padded([encodings[place] for place in places], spec)
        wanted = _wanted([tags[place] for place in places], inputs[INPUT_IDS].shape[1])
        logits = model(**{name: torch.from_numpy(ids) for name, ids in inputs.items()}).logits
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, len(TAGS)), wanted.reshape(-1), ignore_index=IGNORED, reduction="sum"
        ) / max(1, int((wanted != IGNORED).sum()))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def _wanted(tags: Sequence[Sequence[int]], width: int) -> torch.Tensor:
    return torch.tensor([[*row, *[IGNORED] * (width - len(row))] for row in tags])


def _optimizer(model: torch.nn.Module, plan: TaggerPlan) -> torch.optim.Optimizer:
    """Word embeddings stay as they are: a sample of titles knows few words, the base model knows them all."""
    model.get_input_embeddings().requires_grad_(False)  # type: ignore[operator]  # transformers' own method
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    head = [weight for name, weight in named if name.startswith("classifier")]
    body = [weight for name, weight in named if not name.startswith("classifier")]
    return torch.optim.AdamW(
        [
            {"params": body, "lr": plan.learning_rate, "weight_decay": 0.01},
            {"params": head, "lr": plan.learning_rate * _HEAD_SPEED, "weight_decay": 0.0},
        ]
    )


def _speed(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a line up, and a line down to 0."""
    warm_up = max(1.0, steps * _WARM_UP_SHARE)
    return min((step + 1) / warm_up, (steps - step) / max(1.0, steps - warm_up))


class _Logits(torch.nn.Module):
    """Logits of `width` tokens in one row, (n, width * tags); zeros past the end of the texts."""

    def __init__(self, model: torch.nn.Module, width: int) -> None:
        super().__init__()
        self._model = model
        self.register_buffer("_rest", torch.zeros(1, width, len(TAGS)))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits = self._model(input_ids=input_ids, attention_mask=attention_mask).logits
        rest = self._rest.expand(logits.shape[0], -1, -1)  # type: ignore[operator]  # a buffer is a tensor
        return torch.cat([logits, rest], dim=1)[:, : rest.shape[1]].flatten(1)


def _export(model: torch.nn.Module, spec: ModelSpec, out: Path) -> None:
    with quiet():
        model.save_pretrained(out / TORCH_FOLDER)  # type: ignore[operator]  # transformers' own method
        make_readable(out)
        traceable = AutoModelForTokenClassification.from_pretrained(
            out / TORCH_FOLDER, local_files_only=True, attn_implementation="eager"
        )
    samples = [padded([tokens], spec) for tokens in TextTokens(out, spec).texts(CHECK_PRODUCTS)]
    write_onnx(_Logits(traceable, spec.max_tokens), spec.inputs, out, samples)


def _calibration(
    out: Path, spec: ModelSpec, tokens: TextTokens, titles: Sequence[Title], spans: Sequence[Sequence[Span]]
) -> tuple[TaggerReading, float]:
    """Temperature over tokens, then bins over spans, as the exported model reads the held-out titles."""
    if not titles:
        return TaggerReading(1.0, calibrate([], [])), 0.0
    encodings = tokens.texts([title.folded.text for title in titles])
    shape = (len(titles), spec.max_tokens, len(TAGS))
    logits = OnnxModel(out, spec, threads=1).run(encodings).reshape(shape)
    temperature = best_temperature(*_told(titles, spans, encodings, logits))
    scores: list[float] = []
    right: list[bool] = []
    for title, found, encoding, rows in zip(titles, spans, encodings, logits, strict=True):
        sure = {(span.start, span.end, span.label) for span in found if span.confidence >= SURE}
        for span in spans_of(
            title.folded.text, encoding.offsets, softmax(rows[: len(encoding)] / temperature)
        ):
            if any(start < span.end and span.start < end for start, end, _ in sure):
                scores.append(span.confidence)
                right.append((span.start, span.end, span.label) in sure)
    agreement = float(np.mean(right)) if right else 0.0
    return TaggerReading(temperature, calibrate(scores, right)), agreement


def _told(
    titles: Sequence[Title],
    spans: Sequence[Sequence[Span]],
    encodings: Sequence[Encoding],
    logits: np.ndarray,
) -> tuple[np.ndarray, list[int]]:
    """Logits (n, tags) and tags of the tokens that are labelled."""
    rows, wanted = [np.empty((0, len(TAGS)), np.float32)], []
    for title, found, encoding, each in zip(titles, spans, encodings, logits, strict=True):
        tags = tags_of(title, found, encoding.offsets)
        places = [place for place, tag in enumerate(tags) if tag != IGNORED]
        rows.append(each[places])
        wanted += [tags[place] for place in places]
    return np.concatenate(rows), wanted
