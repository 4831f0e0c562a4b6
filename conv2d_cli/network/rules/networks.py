"""Torchvision's networks for classification, and what people wrap networks in."""

from __future__ import annotations

from conv2d_cli.network.rules.description import Rule

_GLOBAL = "AdaptiveAvgPool2d(output_size=1) as avgpool > Flatten()"
_MEAN = f"like {_GLOBAL}"

NETWORKS: tuple[Rule, ...] = (
    Rule("OptimizedModule", "_orig_mod", "output = input > _orig_mod"),
    Rule("DataParallel DistributedDataParallel", "module", "output = input > module"),
    Rule("FullyShardedDataParallel", "_fsdp_wrapped_module", "output = input > _fsdp_wrapped_module"),
    Rule("AlexNet VGG", "features avgpool classifier", "output = input > features > avgpool > Flatten() > classifier"),
    Rule(
        "ResNet",
        "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool fc",
        "output = input > conv1 > bn1 > relu > maxpool > layer1 > layer2 > layer3 > layer4 > avgpool > Flatten() > fc",
    ),
    Rule("DenseNet", "features classifier", f"output = input > features > ReLU() > {_GLOBAL} > classifier"),
    Rule("SqueezeNet", "features classifier", "output = input > features > classifier > Flatten()"),
    Rule("MobileNetV2", "features classifier", f"output = input > features > {_GLOBAL} > classifier"),
    Rule(
        "MobileNetV3 EfficientNet",
        "features avgpool classifier",
        "output = input > features > avgpool > Flatten() > classifier",
    ),
    # Its classifier begins with a LayerNorm2d, and flattens by itself.
    Rule("ConvNeXt", "features avgpool classifier", "output = input > features > avgpool > classifier"),
    Rule("MNASNet", "layers classifier", f"output = input > layers > {_MEAN} > classifier"),
    Rule(
        "ShuffleNetV2",
        "conv1 maxpool stage2 stage3 stage4 conv5 fc",
        f"output = input > conv1 > maxpool > stage2 > stage3 > stage4 > conv5 > {_MEAN} > fc",
    ),
    Rule("RegNet", "stem trunk_output avgpool fc", "output = input > stem > trunk_output > avgpool > Flatten() > fc"),
    Rule(
        "GoogLeNet",
        "conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a inception4b inception4c "
        "inception4d inception4e maxpool4 inception5a inception5b aux1? aux2? avgpool dropout fc",
        """
        stem = input > conv1 > maxpool1 > conv2 > conv3 > maxpool2
        third = stem > inception3a > inception3b > maxpool3
        fourth = third > inception4a > inception4b > inception4c > inception4d > inception4e > maxpool4
        fifth = fourth > inception5a > inception5b
        idle aux1 aux2
        output = fifth > avgpool > Flatten() > dropout > fc
        """,
    ),
    Rule(
        "Inception3",
        "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2 Mixed_5b Mixed_5c "
        "Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e AuxLogits? Mixed_7a Mixed_7b Mixed_7c avgpool dropout "
        "fc",
        """
        first = input > Conv2d_1a_3x3 > Conv2d_2a_3x3 > Conv2d_2b_3x3 > maxpool1
        stem = first > Conv2d_3b_1x1 > Conv2d_4a_3x3 > maxpool2
        fifth = stem > Mixed_5b > Mixed_5c > Mixed_5d
        sixth = fifth > Mixed_6a > Mixed_6b > Mixed_6c > Mixed_6d > Mixed_6e
        idle AuxLogits
        seventh = sixth > Mixed_7a > Mixed_7b > Mixed_7c
        output = seventh > avgpool > dropout > Flatten() > fc
        """,
    ),
    Rule(
        "VisionTransformer",
        "conv_proj encoder heads",
        """
        patches = input > conv_proj > Flatten(start_dim=2) > Permute(dims=(0, 2, 1))
        seen = patches > Token(features='@conv_proj.out_channels') as class_token > encoder
        output = seen > Select(axis=1, index=0) as class > heads
        """,
    ),
    Rule(
        "SwinTransformer",
        "features norm permute avgpool flatten head",
        """
        features.0.1 := Permute(dims=(0, 2, 3, 1))
        permute := Permute(dims=(0, 3, 1, 2))
        output = input > features > norm > permute > avgpool > flatten > head
        """,
    ),
    Rule("MaxVit", "stem blocks classifier", "output = input > stem > blocks.% > classifier"),
)
