"""Chat messages are rendered with the model's own chat template."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.base.errors import SourceError
from pipeline.models import packaged_model
from pipeline.models.chats import ChatRenderer
from pipeline.quantize.calibration import CalibrationSet, build_calibration, load_tokenizer
from pipeline.recipe.calibration import Calibration

CHAT = [{"role": "user", "content": "What does enumerate return?"}, {"role": "assistant", "content": "Pairs. " * 8}]
TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
    "<|{{ m.role }}|>{{ m.content }}<|endoftext|>{% endfor %}"
)


def tokenizer(template: str | None = TEMPLATE) -> Any:
    """Return the demo model's tokenizer with another chat template."""
    loaded: Any = load_tokenizer(packaged_model())
    loaded.chat_template = template
    return loaded


def build(
    folder: Path, rows: list[Any], chat_tokenizer: Any, name: str = "chats.jsonl", blocks: int = 2
) -> CalibrationSet:
    """Build small blocks from chats."""
    (folder / "chats.jsonl").write_text("".join(json.dumps({"chat": row}) + "\n" for row in rows))
    settings = Calibration(source=name, messages="chat", blocks=blocks, block_tokens=16)
    return build_calibration(settings, folder, chat_tokenizer, packaged_model())


def test_messages_are_rendered_with_the_template(tmp_path: Path) -> None:
    """Roles and special tokens of the template reach the blocks, and nothing is added to them."""
    chat_tokenizer = tokenizer()
    made = build(tmp_path, [CHAT], chat_tokenizer)
    text = f"<|user|>{CHAT[0]['content']}<|endoftext|><|assistant|>{CHAT[1]['content']}<|endoftext|>"
    expected = chat_tokenizer.encode(text, add_special_tokens=False)
    assert [token for block in made.token_ids for token in block] == expected[:32]
    assert chat_tokenizer.eos_token_id in made.token_ids[0]
    assert (made.facts.sources[0].is_chat, made.facts.sources[0].column) == (True, "chat")


def test_messages_of_a_parquet_file(tmp_path: Path) -> None:
    """A column of lists of structures holds chats too, and gives the same blocks as JSONL."""
    pq.write_table(pa.table({"chat": [CHAT]}), tmp_path / "chats.parquet")
    chat_tokenizer = tokenizer()
    from_parquet = build(tmp_path, [CHAT], chat_tokenizer, "chats.parquet")
    assert from_parquet.token_ids == build(tmp_path, [CHAT], chat_tokenizer).token_ids


def test_a_tokenizer_without_a_template_is_refused(tmp_path: Path) -> None:
    """A base model has none; guessing one would calibrate on text that nobody sends."""
    with pytest.raises(SourceError, match=r"no chat template.*chat_template\.jinja.*`column` instead of `messages`"):
        build(tmp_path, [CHAT], tokenizer(None))


def test_what_the_template_refuses_is_named(tmp_path: Path) -> None:
    """The template's own words, with file and line."""
    with pytest.raises(SourceError, match=r"chats\.jsonl, line 2: the model's chat template refuses .*no tools here"):
        build(tmp_path, [CHAT[:1], [{"role": "tool", "content": "x"}]], tokenizer())


@pytest.mark.parametrize(
    "row",
    ["text", [], ["text"], [{"from": "human", "value": "x"}], [{"role": "user", "content": [5]}], {"role": "user"}],
)
def test_what_is_no_chat_is_named(tmp_path: Path, row: Any) -> None:
    """File, line and column, and the shape that is expected."""
    with pytest.raises(SourceError, match=r"chats\.jsonl, line 1: 'chat' holds no chat.*'role' and under 'content'"):
        build(tmp_path, [row], tokenizer())


CALL = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Ghent"}'}}
TOOLS = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for call in m.tool_calls or [] %}"
    "[{{ call.function.name }} {{ call.function.arguments.town }}]{% endfor %}{% endfor %}"
)
PARTS = "{% for m in messages %}<|{{ m.role }}|>{% for part in m.content %}{{ part.text }};{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "assistant", "content": "", "tool_calls": [CALL], "refusal": None, "audio": None},
        {"role": "assistant", "content": [], "tool_calls": [CALL], "function_call": None},
    ],
    ids=("null", "missing", "blank", "no parts"),
)
def test_tool_calls_in_place_of_content(turn: dict[str, Any]) -> None:
    """The template gets a blank content, never the word None, and the arguments read from their JSON."""
    chat = [{"role": "user", "content": "Warm?"}, turn, {"role": "tool", "tool_call_id": "c", "content": "8 degrees"}]
    text = ChatRenderer(tokenizer(TOOLS)).text(chat, "line 1", "chat")
    assert text == "<|user|>Warm?<|assistant|>[weather Ghent]<|tool|>8 degrees"


@pytest.mark.parametrize(("template", "end"), [(TEMPLATE, "one\ntwo<|endoftext|>"), (PARTS, "one;two;")])
def test_content_in_parts(template: str, end: str) -> None:
    """Joined by line ends, or left to a template that goes through them."""
    parts = [{"type": "text", "text": "one"}, {"type": "input_text", "text": "two"}]
    renderer = ChatRenderer(tokenizer(template))
    assert renderer.text([{"role": "user", "content": parts}], "line 1", "chat") == f"<|user|>{end}"
    whole = renderer.text([{"role": "user", "content": "one\ntwo"}], "line 1", "chat")
    assert whole.startswith("<|user|>one\ntwo")


def test_parts_that_are_texts() -> None:
    """VLLM takes them as they are."""
    text = ChatRenderer(tokenizer()).text([{"role": "user", "content": ["one", "two"]}], "line 1", "chat")
    assert text == "<|user|>one\ntwo<|endoftext|>"


OFFERED = "{% for t in tools or [] %}[{{ t.function.name }}{{ t.function.strict is defined }}]{% endfor %}" + TEMPLATE
FUNCTION: dict[str, Any] = {"type": "function", "function": {"name": "weather", "strict": None}}


@pytest.mark.parametrize("tools", [[FUNCTION], json.dumps([FUNCTION])], ids=("list", "JSON"))
def test_functions_that_were_offered(tmp_path: Path, tools: object) -> None:
    """The template shows them, as it did to the endpoint; JSONL and Parquet alike, without keys that are null."""
    row = {"chat": CHAT[:1], "tools": tools}
    pq.write_table(pa.table({key: [value] for key, value in row.items()}), tmp_path / "chats.parquet")
    (tmp_path / "chats.jsonl").write_text(json.dumps(row))
    shown = ChatRenderer(tokenizer(OFFERED)).text(CHAT[:1], "line 1", "chat", tools)
    assert shown.startswith("[weatherFalse]<|user|>")
    for name in ("chats.jsonl", "chats.parquet"):
        settings = Calibration(source=name, messages="chat", blocks=1, block_tokens=16)
        (block,) = build_calibration(settings, tmp_path, tokenizer(OFFERED), packaged_model()).token_ids
        assert tokenizer().decode(list(block)).startswith("[weatherFalse]")


@pytest.mark.parametrize("tools", [None, [], "", "[]"])
def test_no_functions_were_offered(tools: object) -> None:
    """The template is told so as the endpoint tells it."""
    assert ChatRenderer(tokenizer(OFFERED)).text(CHAT[:1], "line 1", "chat", tools).startswith("<|user|>")


@pytest.mark.parametrize("tools", ["weather", {"function": {}}, ["weather"], 3])
def test_what_are_no_functions_is_refused(tools: object) -> None:
    """Line and column are named."""
    with pytest.raises(SourceError, match=r"line 1: 'tools' holds .*not a list of functions"):
        ChatRenderer(tokenizer(OFFERED)).text(CHAT[:1], "line 1", "chat", tools)


@pytest.mark.parametrize(
    ("template", "said"),
    [("{% for m in messages %}", "template cannot be read: line 1"), ("{{ 1 / 0 }}", "division by zero")],
)
def test_a_template_that_is_wrong_itself(template: str, said: str) -> None:
    """No crash, and messages are not blamed for what stands in the template."""
    with pytest.raises(SourceError, match=said):
        ChatRenderer(tokenizer(template)).text(CHAT, "line 1", "chat")


def test_any_role_is_the_template_s_to_judge() -> None:
    """System, developer and whatever else a log has reach the template."""
    roles = ("system", "developer", "user", "critic")
    text = ChatRenderer(tokenizer()).text([{"role": role, "content": "x"} for role in roles], "line 1", "chat")
    assert text == "".join(f"<|{role}|>x<|endoftext|>" for role in roles)


def test_nulls_of_a_parquet_file(tmp_path: Path) -> None:
    """Its columns have null for each key that a message lacks; templates ask whether a key is defined."""
    turns = [{"role": "user", "content": "Warm? " * 9}, {"role": "assistant", "content": None, "tool_calls": [CALL]}]
    pq.write_table(pa.table({"chat": [turns]}), tmp_path / "chats.parquet")
    call = "{% if m.tool_calls is defined %}{{ m.tool_calls[0].id }}{% endif %}"
    defined = f"{{% for m in messages %}}{{{{ m.content }}}}{call}{{% endfor %}}"
    made = build(tmp_path, [CHAT], tokenizer(defined), "chats.parquet", blocks=1)
    assert made.facts.blocks == 1


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ({"role": "user", "text": "x"}, r"turn 2 \(user\) has no content .*it has role, text"),
        ({"role": "user", "content": 3}, r"turn 2 \(user\) has a number as its content"),
        ({"role": "user", "content": [{"type": "image_url"}]}, r"turn 2 \(user\) has a part of type image_url"),
        ({"role": "assistant", "content": None, "tool_calls": ["x"]}, r"turn 2 \(assistant\) has tool_calls that"),
        ({"role": "assistant", "tool_calls": [{"function": {"name": None}}]}, r"a tool call without the name"),
        ({"role": "user", "content": [{"type": "text", "text": {"value": "x"}}]}, r"has an object in a part"),
        ({"role": "user", "content": [{"text": "x"}]}, r"has an object without a type among the parts"),
        ({"content": "x"}, r"turn 2 has no text under 'role' \(it has content\)"),
        ("x", "turn 2 is a text, not a message"),
    ],
)
def test_the_turn_that_cannot_be_read_is_named(turn: object, said: str) -> None:
    """Line, turn and what is wrong with it."""
    with pytest.raises(SourceError, match=rf"line 7: .*{said}"):
        ChatRenderer(tokenizer()).text([CHAT[0], turn], "line 7", "chat")


def test_the_turn_that_the_template_refuses_is_named() -> None:
    """It is the one after the longest beginning that the template takes."""
    chat = [*CHAT, {"role": "tool", "content": "x"}, CHAT[1]]
    with pytest.raises(SourceError, match=r"line 7: .* refuses these messages at turn 3 \(tool\): no tools here"):
        ChatRenderer(tokenizer()).text(chat, "line 7", "chat")


def test_the_same_chat_twice_is_used_once(tmp_path: Path) -> None:
    """Chats are compared as rendered."""
    (facts,) = build(tmp_path, [CHAT, CHAT, CHAT], tokenizer(), blocks=50).facts.sources
    assert (facts.texts_read, facts.texts_used, facts.texts_duplicate) == (3, 1, 2)
