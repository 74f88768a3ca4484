"""The transformer's weights from the released layout into ours: one table of names."""

import re

from torch import Tensor

from .config import MMDiTConfig

MMDIT_PREFIX = "talking_head_dit."

# Names of the released file, and ours. Streams are numbered motion, audio, emotion, identity.
RENAMES = (
    (r"(motion|identity|time)_embedder\.mlp\.0\.", r"\1_embedder.in_layer."),
    (r"(motion|identity|time)_embedder\.mlp\.2\.", r"\1_embedder.out_layer."),
    (r"emo_embedder\.embedding_table\.", "emotion_embedder."),
    (r"^blocks4\.(\d+)\.", r"four_stream_blocks.\1."),
    (r"^blocks2\.(\d+)\.", r"double_stream_blocks.\1."),
    (r"^blocks\.(\d+)\.(?:attn1\.)?", r"single_stream_blocks.\1."),
    (r"(_blocks\.\d+)\.adaLN_modulation_xs\.1\.", r"\1.streams.0.modulation."),
    (r"(_blocks\.\d+)\.adaLN_modulation_audio(\d?)\.1\.", r"\1.streams.<\2>.modulation."),
    (r"(_blocks\.\d+)\.xs_mlp\.", r"\1.streams.0.mlp."),
    (r"(_blocks\.\d+)\.audio_mlp(\d?)\.", r"\1.streams.<\2>.mlp."),
    (r"(_blocks\.\d+)\.attn1\.qkv_xs\.", r"\1.streams.0.qkv."),
    (r"(_blocks\.\d+)\.attn1\.qkv_au(\d?)\.", r"\1.streams.<\2>.qkv."),
    (r"(_blocks\.\d+)\.attn1\.xs_proj\.", r"\1.streams.0.proj."),
    (r"(_blocks\.\d+)\.attn1\.au_proj(\d?)\.", r"\1.streams.<\2>.proj."),
    (r"(_blocks\.\d+)\.attn1\.xs_q_norm\.", r"\1.streams.0.norm.query_norm."),
    (r"(_blocks\.\d+)\.attn1\.xs_k_norm\.", r"\1.streams.0.norm.key_norm."),
    (r"(_blocks\.\d+)\.attn1\.au_q_norm(\d?)\.", r"\1.streams.<\2>.norm.query_norm."),
    (r"(_blocks\.\d+)\.attn1\.au_k_norm(\d?)\.", r"\1.streams.<\2>.norm.key_norm."),
    (r"<>", "1"),
    (r"<(\d)>", r"\1"),
    (r"(single_stream_blocks\.\d+)\.streams\.0\.", r"\1."),
    (r"(single_stream_blocks\.\d+)\.xs_q_norm\.", r"\1.norm.query_norm."),
    (r"(single_stream_blocks\.\d+)\.xs_k_norm\.", r"\1.norm.key_norm."),
    (r"(single_stream_blocks\.\d+)\.linear2\.bias", r"\1.attention_out.bias"),
    (r"final_layer\.adaLN_modulation\.1\.", "final_layer.modulation."),
)


def rename_mmdit_key(key: str) -> str:
    """Return our name for a key of the released file."""
    for pattern, replacement in RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


def convert_mmdit(state: dict[str, Tensor], config: MMDiTConfig) -> dict[str, Tensor]:
    """Bring the transformer's weights from the released layout into ours.

    Parameters
    ----------
    state : dict
        Tensors by released name, with or without other parts of the file.
    config : MMDiTConfig
        Of the transformer in the file.

    Returns
    -------
    dict
        For `MotionMMDiT.load_state_dict`; views of the given tensors where that is possible. Layers
        whose size does not fit `config` stay as they are.
    """
    converted = {}
    for key, tensor in state.items():
        if key.startswith(MMDIT_PREFIX):
            name = rename_mmdit_key(key.removeprefix(MMDIT_PREFIX))
            converted |= _split_fused(name, tensor, config)
    return converted


def _split_fused(name: str, tensor: Tensor, config: MMDiTConfig) -> dict[str, Tensor]:
    if name == "emotion_embedder.weight":
        return {name: tensor.T.contiguous()}
    if not name.startswith("single_stream_blocks."):
        return {name: tensor}
    width, hidden = config.width, config.mlp_ratio * config.width
    if ".qkv_xs." in name:
        sizes, parts, axis = [width, 2 * width, hidden], ("query", "key_value", "mlp_in"), 0
    elif name.endswith(".linear2.weight"):
        sizes, parts, axis = [width, hidden], ("attention_out", "mlp_out"), 1
    else:
        return {name: tensor}
    if tensor.shape[axis] != sum(sizes):
        return {name: tensor}  # `load_strict` will name it
    stem, kind = name.rsplit(".", 2)[0], name.rsplit(".", 1)[1]
    # Views, also of columns: copies would lie in memory beside the pages of a mapped file.
    values = tensor.split(sizes, dim=axis)
    return {f"{stem}.{part}.{kind}": value for part, value in zip(parts, values, strict=True)}
