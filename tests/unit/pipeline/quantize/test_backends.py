"""Which backend a recipe gets, and what it is told when there is none. Facts about packages are from their source."""

from pathlib import Path

import pytest

from pipeline.base.errors import ImpossiblePlanError
from pipeline.models.headers import ModelHeaders
from pipeline.models.layers import LinearLayer
from pipeline.models.tensors import Tensor
from pipeline.quantize.architectures import fits_default_mapping, knowledge, mapping_for
from pipeline.quantize.backends import (
    AUTOAWQ,
    LLM_COMPRESSOR,
    REFUSED,
    choose_backend,
    ignore_patterns,
    is_clipped,
    joining_obstacles,
    quantized_layers,
    width_obstacles,
)
from pipeline.recipe.quantize import Quantize
from pipeline.runtimes.specs import spec_for

LLAMA = {
    "input_layernorm": (256,),
    "self_attn.q_proj": (256, 256),
    "self_attn.k_proj": (128, 256),
    "self_attn.v_proj": (128, 256),
    "self_attn.o_proj": (256, 256),
    "post_attention_layernorm": (256,),
    "mlp.gate_proj": (512, 256),
    "mlp.up_proj": (512, 256),
    "mlp.down_proj": (256, 512),
}
MIXTRAL = {name: shape for name, shape in LLAMA.items() if not name.startswith("mlp")} | {
    "block_sparse_moe.gate": (2, 256),
    **{f"block_sparse_moe.experts.{expert}.{name}": (256, 256) for expert in (0, 1) for name in ("w1", "w2", "w3")},
}


def headers(model_type: str, modules: dict[str, tuple[int, ...]] = LLAMA, **config: object) -> ModelHeaders:
    """Return a model with two decoder layers and an output head."""
    shapes = {f"model.layers.{number}.{name}": shape for number in (0, 1) for name, shape in modules.items()}
    shapes |= {"model.embed_tokens": (1000, 256), "lm_head": (1000, 256)}
    tensors = {}
    for name, shape in shapes.items():
        tensor = Tensor(f"{name}.weight", "BF16", shape, Path("x"), 0, 0)
        tensors[tensor.name] = Tensor(tensor.name, "BF16", shape, Path("x"), 0, 2 * tensor.parameters)
    return ModelHeaders("mine", "mit", {"model_type": model_type, "hidden_size": 256, **config}, tensors)


def settings(**keys: object) -> Quantize:
    """Return settings of a recipe."""
    return Quantize.model_validate({"calibration": {"source": "x"}, **keys})


def refusal(model: ModelHeaders, **keys: object) -> str:
    """Return why no backend does it."""
    with pytest.raises(ImpossiblePlanError) as caught:
        choose_backend(model, settings(**keys))
    return caught.value.message


@pytest.mark.parametrize("model_type", ["llama", "mistral", "qwen2", "qwen3", "gemma2", "phi3"])
def test_auto_takes_autoawq_where_it_can(model_type: str) -> None:
    """AutoAWQ is the first choice."""
    assert choose_backend(headers(model_type), settings()).backend is AUTOAWQ


def test_auto_takes_llm_compressor_for_a_model_that_autoawq_cannot_build() -> None:
    """OLMo 3 came after transformers 4.51; the reason says so."""
    choice = choose_backend(headers("olmo3"), settings())
    expected = "AutoAWQ's transformers 4.51.3 does not build olmo3 as a causal language model"
    assert (choice.backend, choice.reason) == (LLM_COMPRESSOR, expected)


@pytest.mark.parametrize("asked", [{"zero_point": False}, {"group_size": "channel"}])
def test_auto_takes_llm_compressor_for_settings_that_autoawq_lacks(asked: dict[str, object]) -> None:
    """Symmetric codes and whole rows."""
    assert choose_backend(headers("llama"), settings(**asked)).backend is LLM_COMPRESSOR


def test_a_named_backend_is_taken() -> None:
    """llm-compressor knows Llama, too."""
    assert choose_backend(headers("llama"), settings(backend="llm-compressor")).backend is LLM_COMPRESSOR


def test_a_named_backend_that_cannot_names_the_other() -> None:
    """The message ends with what works."""
    message = refusal(headers("llama"), backend="autoawq", zero_point=False)
    expected = "AutoAWQ cannot store codes without zero points. Set quantize.backend to llm-compressor."
    assert message == expected


def test_settings_that_no_backend_has_name_what_would_work() -> None:
    """Mixtral only goes with AutoAWQ, which has no whole rows: the group size is what can be changed."""
    message = refusal(headers("mixtral", MIXTRAL, num_local_experts=2, num_experts_per_tok=1), group_size="channel")
    assert message.endswith("Set quantize.group_size to 128 or 64 or 32.")


def test_an_unknown_architecture_asks_for_another_model() -> None:
    """Nothing in the recipe helps."""
    message = refusal(headers("gpt2", {"attn.c_attn": (768, 256)}))
    expected = "AutoAWQ has no AWQ mapping for gpt2; llm-compressor has no AWQ mapping for gpt2. Choose another model."
    assert message == expected


def test_what_failed_when_it_was_tried_is_refused() -> None:
    """OPT is in AutoAWQ's list, but AutoAWQ dies on it."""
    assert REFUSED["autoawq", "opt"] in refusal(headers("opt"), backend="autoawq")


def test_experts_that_were_not_tried_are_refused() -> None:
    """GLM-4-MoE has a mapping in llm-compressor, which is not enough."""
    model = headers("glm4_moe", n_routed_experts=8, num_experts_per_tok=2)
    assert "was not seen to quantize the experts of glm4_moe" in refusal(model)


def test_out_features_that_autoawq_cannot_clip_send_it_to_llm_compressor() -> None:
    """96 rows: AutoAWQ's clipping takes 64 at a time."""
    odd = LLAMA | {"mlp.gate_proj": (96, 256), "mlp.up_proj": (96, 256), "mlp.down_proj": (256, 96)}
    choice = choose_backend(headers("llama", odd), settings(group_size=32))
    assert choice.backend is LLM_COMPRESSOR
    assert "mlp.gate_proj of 64, mlp.up_proj of 64" in choice.reason


def test_queries_and_keys_need_less_because_they_are_not_clipped() -> None:
    """32 rows of keys and queries are enough, 32 rows of values are not."""
    small = LLAMA | {"self_attn.k_proj": (32, 256)}
    assert choose_backend(headers("llama", small), settings()).backend is AUTOAWQ
    smaller = small | {"self_attn.v_proj": (32, 256)}
    assert choose_backend(headers("llama", smaller), settings()).backend is LLM_COMPRESSOR


def test_mixtral_experts_are_not_clipped() -> None:
    """`k_` of the list of names to avoid is in `block_sparse_moe`."""
    names = ("model.layers.0.block_sparse_moe.experts.0.w1", "model.layers.0.mlp.down_proj")
    assert [is_clipped(LinearLayer(name, 64, 64)) for name in names] == [False, True]


def test_llama_mapping_is_used_only_where_all_names_fit() -> None:
    """Granite has Llama's names; another norm in a layer means another structure."""
    other = LLAMA | {"pre_feedforward_layernorm": (256,)}
    assert fits_default_mapping(headers("granite"))
    assert not fits_default_mapping(headers("granite", other))
    assert mapping_for("llm-compressor", headers("granite")) == "default"
    assert mapping_for("llm-compressor", headers("granite", other)) == "unmapped"


def test_layers_outside_of_decoder_layers_stay_in_16_bit_with_autoawq() -> None:
    """An empty `ignore` quantizes the head with llm-compressor only."""
    model, everything = headers("llama"), settings(ignore=())
    assert "lm_head" not in quantized_layers(AUTOAWQ, model, everything)
    assert "lm_head" in quantized_layers(LLM_COMPRESSOR, model, everything)


def test_rows_that_the_group_does_not_divide() -> None:
    """704 in groups of 128: 64 and 32 would work, or leaving the layer."""
    wide = LLAMA | {"mlp.gate_proj": (704, 256), "mlp.up_proj": (704, 256), "mlp.down_proj": (256, 704)}
    obstacle = next(width_obstacles(headers("llama", wide), settings()))
    assert "group size 128: 2 mlp.down_proj with 704" in obstacle.statement
    assert obstacle.advice == "Set quantize.group_size to 64 or 32, or add to quantize.ignore: *mlp.down_proj."


def test_rows_that_no_group_divides_can_only_be_left() -> None:
    """Of joined layers all are named, of experts all experts."""
    odd = LLAMA | {"self_attn.q_proj": (256, 250)}
    obstacle = next(width_obstacles(headers("llama", odd), settings()))
    expected = "Add to quantize.ignore: *self_attn.q_proj, *self_attn.k_proj, *self_attn.v_proj."
    assert obstacle.advice == expected
    assert ignore_patterns(["block_sparse_moe.experts.*.w2"]) == "*experts.*"


def test_ignored_rows_and_whole_rows_fit_always() -> None:
    """Nothing is said of layers that stay in 16 bit, and nothing when a row is a group."""
    odd = headers("llama", LLAMA | {"mlp.down_proj": (256, 700)})
    assert list(width_obstacles(odd, settings(ignore=("lm_head", "*down_proj")))) == []
    assert list(width_obstacles(odd, settings(group_size="channel"))) == []


@pytest.mark.parametrize(
    ("pattern", "torn"),
    [("*q_proj", "q_proj, k_proj, v_proj of model.layers.0.self_attn"), ("*0.mlp.up_proj", "gate_proj, up_proj")],
)
def test_parts_of_what_vllm_joins_cannot_be_left(pattern: str, torn: str) -> None:
    """VLLM raises "All shards of fused layers to have the same precision"."""
    obstacle = next(joining_obstacles(AUTOAWQ, headers("llama"), settings(ignore=("lm_head", pattern))))
    assert torn in obstacle.statement


def test_whole_joined_layers_can_be_left() -> None:
    """A whole decoder layer, and all down projections, which are joined with nothing."""
    kept = settings(ignore=("lm_head", "model.layers.0.*", "*down_proj"))
    assert list(joining_obstacles(AUTOAWQ, headers("llama"), kept)) == []


def test_experts_are_joined() -> None:
    """One expert alone cannot be left; all of them can, but AutoAWQ's list cannot say so to vLLM."""
    model = headers("mixtral", MIXTRAL, num_local_experts=2, num_experts_per_tok=1)
    alone = list(joining_obstacles(AUTOAWQ, model, settings(ignore=("*experts.0.*",))))
    assert "vLLM joins experts of model.layers.0.block_sparse_moe" in alone[0].statement
    everything = settings(ignore=("*experts.*",))
    assert len(list(joining_obstacles(AUTOAWQ, model, everything))) == 1
    assert list(joining_obstacles(LLM_COMPRESSOR, model, everything)) == []


@pytest.mark.parametrize(
    ("backend", "engine", "package"),
    [("autoawq", "autoawq", "autoawq"), ("llm-compressor", "llmcompressor", "llmcompressor")],
)
def test_the_lists_are_of_the_locked_packages(backend: str, engine: str, package: str) -> None:
    """A new lock needs `python -m pipeline.quantize.architectures`."""
    assert spec_for(engine, "cpu").version == knowledge()[backend].versions[package]
