"""Trains a LoRA adapter on a CPU or a GPU; goes on where it was stopped.

Hu et al., "LoRA", arXiv:2106.09685, on all linear layers of the model, whose own weights are those
that it is served with, dequantised; the loss is on the completion alone.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_json

from app.tuning.data import Pair
from app.tuning.report import Progress, Recipe

# Of the extra `tune`, without types of their own that are known everywhere.
torch: Any = import_module("torch")
peft: Any = import_module("peft")
transformers: Any = import_module("transformers")

_LAYERS: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_WARM_UP: Final = 0.06  # part of the steps
_LAST_RATE: Final = 0.1  # of the learning rate, at the end
_BUCKET: Final = 8  # batches whose examples are sorted by length, so that little is padded
_ROUND: Final = 32  # tokens; the fewer lengths there are, the less memory is kept for each
_IGNORED: Final = -100
_TIMES, _MORE_BYTES = 1.5, 3e9  # of the weights; for what is kept of a step


class Trainer:
    """One training; :meth:`run` yields after each step, and may be stopped at any."""

    def __init__(
        self, base: Path, pairs: Sequence[Pair], recipe: Recipe, folder: Path, template: str | None
    ) -> None:
        """Load the GGUF file that is served and prepare the examples; checkpoints go to ``folder``.

        ``template`` is for the chats of a base that has none of its own.
        """
        torch.manual_seed(recipe.seed)
        names: dict[str, Any] = {"gguf_file": base.name}
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(base.parent, **names)
        if template:
            self._tokenizer.chat_template = template
        self._examples = [*map(self._encoded, pairs)]
        fits = [len(p) + len(c) <= recipe.longest for p, c in self._examples]
        self.left_out = len(fits) - sum(fits)
        kept = [n for n, fit in enumerate(fits) if fit]
        self._held_out = [n for n in kept if pairs[n].is_held_out]
        self._train = [n for n in kept if not pairs[n].is_held_out]
        self.tokens = sum(self._length(n) for n in self._train)  # of an epoch
        self.examples, self.held_out = len(self._train), len(self._held_out)
        self._recipe, self._file = recipe, folder / "checkpoint.pt"
        self._batches = self._ordered()
        self.steps = len(self._batches)
        self._key = self._identity(base)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            base.parent, dtype=torch.bfloat16, **names
        ).to(self._device)
        lora = peft.LoraConfig(
            r=recipe.rank,
            lora_alpha=2 * recipe.rank,
            target_modules=list(_LAYERS),
            task_type="CAUSAL_LM",
        )
        self._model: Any = peft.get_peft_model(model, lora)
        self._weights = [p for p in self._model.parameters() if p.requires_grad]
        for weight in self._weights:
            weight.data = weight.data.float()
        self._optimizer = torch.optim.AdamW(self._weights, weight_decay=0.0, betas=(0.9, 0.99))
        self.step, self._best, self._worse = 0, math.inf, 0
        self.curve: list[Progress] = []
        self._best_weights = self._copies()
        size = sum(p.numel() * p.element_size() for p in self._model.parameters())
        self.gigabytes = round((_TIMES * size + _MORE_BYTES) / 1e9)
        self._resume()

    def run(self) -> Iterator[Progress]:
        """Train to the end, from where it stopped on if it is the same training."""
        while self.step < self.steps and self._worse < self._recipe.patience:
            loss, held_out = self._learn(), None
            self.step += 1
            if is_look := self.step % self._recipe.check_every == 0 or self.step == self.steps:
                held_out = self._look()
                self._weigh(held_out)
            self.curve.append(Progress(self.step, self.steps, loss, held_out))
            if is_look:
                self._save()
            yield self.curve[-1]
        self._put(self._best_weights)

    def work_left(self) -> float:
        """What is to be done yet: tokens that are trained on, and a third of those looked at."""
        steps = range(self.step, self.steps)
        looks = sum((n + 1) % self._recipe.check_every == 0 or n + 1 == self.steps for n in steps)
        trained = sum(self._length(each) for n in steps for each in self._batches[n])
        return trained + looks * sum(map(self._length, self._held_out)) / 3

    def adapter(self) -> dict[str, Any]:
        """The adapter's weights, by PEFT's names, as arrays of 32-bit floats."""
        return {
            name: weight.detach().cpu().numpy()
            for name, weight in self._model.named_parameters()
            if weight.requires_grad
        }

    def _encoded(self, pair: Pair) -> tuple[list[int], list[int]]:
        """The tokens of what is sent and of what should be written, its end included."""
        prompt = self._tokenizer.apply_chat_template(
            list(pair.messages), add_generation_prompt=True, tokenize=False
        )
        whole = self._tokenizer.apply_chat_template(
            [*pair.messages, {"role": "assistant", "content": pair.completion}], tokenize=False
        )
        completion = whole.removeprefix(prompt)
        return tuple(  # pyright: ignore[reportReturnType]
            self._tokenizer(text, add_special_tokens=False).input_ids
            for text in (prompt, completion)
        )

    def _length(self, number: int) -> int:
        return sum(map(len, self._examples[number]))

    def _padded(self, number: int) -> int:
        return -(-self._length(number) // _ROUND) * _ROUND

    def _ordered(self) -> list[list[int]]:
        """The batches of all epochs, each of examples of about one length."""
        order, recipe, batches = random.Random(self._recipe.seed), self._recipe, list[list[int]]()  # noqa: S311
        for _ in range(math.ceil(recipe.epochs)):
            shuffled, epoch = order.sample(self._train, len(self._train)), list[list[int]]()
            bucket = recipe.batch * _BUCKET
            for start in range(0, len(shuffled), bucket):
                alike = sorted(shuffled[start : start + bucket], key=self._length)
                epoch += [alike[n : n + recipe.batch] for n in range(0, len(alike), recipe.batch)]
            batches += order.sample(epoch, len(epoch))
        steps = round(len(batches) * recipe.epochs / math.ceil(recipe.epochs))
        return batches[: recipe.steps or steps]

    def _parts(self, numbers: Sequence[int]) -> Iterator[list[int]]:
        """Examples in parts of so few tokens, padding included, that memory holds what is kept."""
        part = list[int]()
        for number in sorted(numbers, key=self._length):
            if part and (len(part) + 1) * self._padded(number) > self._recipe.micro:
                yield part
                part = []
            part.append(number)
        yield part

    def _learn(self) -> float:
        """One step; the mean loss of its completions' tokens."""
        batch, recipe, total = self._batches[self.step], self._recipe, 0.0
        count = sum(len(self._examples[number][1]) for number in batch)
        for part in self._parts(batch):
            loss = self._loss(part) / count
            loss.backward()
            total += loss.item()
        warm = min(1.0, (self.step + 1) / (_WARM_UP * self.steps + 1))
        cosine = 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.rate * warm * (_LAST_RATE + (1 - _LAST_RATE) * cosine)
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        return total

    def _loss(self, numbers: Sequence[int]) -> Any:
        """The summed loss of the completions of some examples, the longest of which is the last."""
        longest = self._padded(numbers[-1])
        tokens = torch.zeros(len(numbers), longest, dtype=torch.long)
        mask, labels = torch.zeros_like(tokens), torch.full_like(tokens, _IGNORED)
        for row, number in enumerate(numbers):
            prompt, completion = self._examples[number]
            end = len(prompt) + len(completion)
            tokens[row, :end] = torch.tensor(prompt + completion)
            mask[row, :end] = 1
            labels[row, len(prompt) : end] = torch.tensor(completion)
        tokens, mask, labels = (each.to(self._device) for each in (tokens, mask, labels))
        inner = self._model.base_model.model
        with torch.autocast(self._device, dtype=torch.bfloat16):
            hidden = inner.model(input_ids=tokens, attention_mask=mask).last_hidden_state
            wanted = labels[:, 1:] != _IGNORED
            scores = inner.lm_head(hidden[:, :-1][wanted])  # of the completions alone
        return torch.nn.functional.cross_entropy(
            scores.float(), labels[:, 1:][wanted], reduction="sum"
        )

    def _look(self) -> float | None:
        """The mean loss of the held-out examples; None if there are none."""
        if not self._held_out:
            return None
        with torch.no_grad():
            total = sum(self._loss(part).item() for part in self._parts(self._held_out))
        return total / sum(len(self._examples[number][1]) for number in self._held_out)

    def _identity(self, base: Path) -> str:
        """What a checkpoint must have been made with to be gone on from."""
        told = [asdict(self._recipe), base.name, base.stat().st_size, self._examples, self._train]
        return sha256(to_json(told)).hexdigest()

    def _weigh(self, held_out: float | None) -> None:
        """Keep the weights if they are the best so far, or if nothing tells."""
        if held_out is None or held_out < self._best:
            self._best, self._worse = held_out or math.inf, 0
            self._best_weights = self._copies()
        else:
            self._worse += 1

    def _copies(self) -> list[Any]:
        return [weight.detach().clone() for weight in self._weights]

    def _put(self, values: Sequence[Any]) -> None:
        with torch.no_grad():
            for weight, value in zip(self._weights, values, strict=True):
                weight.copy_(value)

    def _resume(self) -> None:
        """Go on from the checkpoint, if it is of the same training."""
        if not self._file.exists():
            return
        saved = torch.load(self._file, map_location=self._device)
        if saved["key"] != self._key:
            return
        self.step, self._best, self._worse = saved["step"], saved["best"], saved["worse"]
        self.curve = [Progress(**each) for each in saved["curve"]]
        self._best_weights = saved["best_weights"]
        self._put(saved["weights"])
        self._optimizer.load_state_dict(saved["optimizer"])

    def _save(self) -> None:
        """A checkpoint, whole or not at all."""
        saved = {
            "key": self._key,
            "step": self.step,
            "best": self._best,
            "worse": self._worse,
            "curve": list(map(asdict, self.curve)),
            "weights": self._copies(),
            "best_weights": self._best_weights,
            "optimizer": self._optimizer.state_dict(),
        }
        partial = self._file.with_suffix(".partial")
        torch.save(saved, partial)
        partial.replace(self._file)
