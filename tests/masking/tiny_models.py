"""Tiny models of SAM's and IS-Net's architecture and file format, with random or trivial weights."""

from functools import partial

import onnx
import torch
from segment_anything import modeling

from pugmark import weights


def tiny_sam():
    """Segment Anything with an encoder of two small layers on 128 pixels; everything else as the real one."""
    norm = partial(torch.nn.LayerNorm, eps=1e-6)
    encoder = modeling.ImageEncoderViT(
        img_size=128, embed_dim=32, depth=2, num_heads=2, out_chans=256, norm_layer=norm, use_rel_pos=True,
        window_size=4, global_attn_indexes=(1,),
    )  # fmt: skip
    transformer = modeling.TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
    decoder = modeling.MaskDecoder(transformer_dim=256, transformer=transformer)
    return modeling.Sam(encoder, modeling.PromptEncoder(256, (8, 8), (128, 128), 16), decoder)


def sam_weights(path):
    """A tiny SAM's state dict at `path`, as Meta publishes the big ones."""
    torch.manual_seed(3)
    torch.save(tiny_sam().state_dict(), path)
    return weights.Weights("sam_vit_b", path, weights.sha256(path), "Apache-2.0", True)


def isnet_weights(path):
    """An ONNX file with IS-Net's input and output shapes that finds the bright part of a picture."""
    tensor = partial(onnx.helper.make_tensor_value_info, elem_type=onnx.TensorProto.FLOAT)
    mean = onnx.helper.make_node("ReduceMean", ["input_image"], ["output_image"], axes=[1], keepdims=1)
    inputs = [tensor("input_image", shape=[1, 3, 1024, 1024])]
    outputs = [tensor("output_image", shape=[1, 1, 1024, 1024])]
    graph = onnx.helper.make_graph([mean], "isnet", inputs, outputs)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), path)
    return weights.Weights("isnet-general-use", path, weights.sha256(path), "Apache-2.0", True)
