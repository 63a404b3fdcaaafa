"""The demo model's tokenizer: byte-level BPE over pieces that suit source code.

A line break and the indentation after it are one piece, so a block's depth costs one token and a line always
starts on a token boundary. Names split before underscores and dots (`self`, `.read`, `_all`).
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
"""The only special token: separates documents, and serves as BOS, EOS and padding."""

PIECES = (
    r"(?:\r?\n[ \t]*)+",  # line breaks with the indentation of the next line
    r"(?:[ .]?_*)\p{L}+",  # a word with the blank, dot or underscores before it
    r" ?\p{N}{1,3}",  # at most three digits
    r" ?[^\s\p{L}\p{N}._]+",  # operators and brackets
    r" ?[._]+",  # ellipses and lone underscores
    r"[ \t]+(?!\S)",  # alignment, except the last blank
    r"\s+",
)
"""Regular expressions, first match wins, for the pieces within which tokens are merged."""

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{% endif %}"
)
"""The model continues code and knows no roles: a chat is its messages' text, one after another."""


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Return a BPE tokenizer of `vocab_size` tokens learned from `texts`; token 0 is `END`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("|".join(PIECES)), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, max_length: int) -> None:
    """Write `tokenizer.json` and the two small files that transformers reads beside it."""
    special = {"bos_token": END, "eos_token": END, "pad_token": END}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
        **special,
    }
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in (("tokenizer_config.json", settings), ("special_tokens_map.json", special)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
