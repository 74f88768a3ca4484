"""What network a checkpoint of the wrong kind is from, guessed by its keys."""

from collections.abc import Iterable

# Parts of keys that occur in one family only; the first that is found decides.
SIGNATURES = (
    ("talking_head_dit.four_stream_blocks.", "a starter model made by train-starter"),
    ("talking_head_dit.blocks4.", "a MoDA motion model"),
    ("hourglass.encoder.down_blocks.", "LivePortrait's warping_module"),
    ("G_middle_0.", "LivePortrait's spade_generator"),
    ("resblocks_3d.", "LivePortrait's appearance_feature_extractor"),
    ("detector.downsample_layers.", "LivePortrait's motion_extractor"),
    ("retarget_shoulder", "LivePortrait's stitching_retargeting_module"),
    ("feature_extractor.conv_layers.", "a HuBERT or wav2vec2 speech encoder"),
    ("cp.resnet.", "the BiSeNet face parser"),
    ("lora_", "a LoRA"),
    ("model.diffusion_model.", "a Stable Diffusion checkpoint"),
    ("first_stage_model.", "a Stable Diffusion checkpoint"),
    ("double_blocks.", "a Flux diffusion model"),
    ("joint_blocks.", "a Stable Diffusion 3 model"),
    ("text_model.encoder.layers.", "a CLIP text encoder"),
    ("visual.transformer.resblocks.", "a CLIP vision encoder"),
    ("decoder.up_blocks.", "an image VAE"),
    ("decoder.up.", "an image VAE"),
    ("model.layers.0.self_attn.", "a language model"),
    ("decoder.blocks.0.cross_attn.", "a Whisper speech recogniser"),
    ("layer1.0.conv1.", "a ResNet"),
)
SHOWN_KEYS = 3


def guess_network(keys: Iterable[str]) -> str:
    """Return a phrase for the network that has these keys.

    Parameters
    ----------
    keys : iterable of str
        Of a whole checkpoint.

    Returns
    -------
    str
        Such as "the BiSeNet face parser"; for an unknown one, its first keys.
    """
    names = list(keys)
    for part, network in SIGNATURES:
        if any(part in name for name in names):
            return network
    return f"an unknown network (its first keys are {', '.join(names[:SHOWN_KEYS])})"
