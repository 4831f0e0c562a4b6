"""Blocks of torchvision's networks."""

from __future__ import annotations

from conv2d_cli.network.rules.description import Rule

_IN_ORDER = "output = input > %"

BLOCKS: tuple[Rule, ...] = (
    # Subclasses of Sequential without an order of their own.
    Rule(
        "Conv2dNormActivation ConvNormActivation ConvBNActivation ConvBNReLU ConvBNReLU6 SimpleStemIN MLP MLPBlock",
        "%",
        _IN_ORDER,
    ),
    Rule("AnyStage", "block%-%", "output = input > block%-%"),
    Rule("BottleneckTransform", "a b se? c", "output = input > a > b > se > c"),
    Rule("_Transition", "norm relu conv pool", "output = input > norm > relu > conv > pool"),
    Rule("BasicConv2d", "conv bn", "output = input > conv > bn > ReLU()"),
    Rule(
        "SqueezeExcitation",
        "avgpool fc1 fc2 activation scale_activation",
        """
        scale = input > avgpool > fc1 > activation > fc2 > scale_activation
        output = input, scale > Mul()
        """,
    ),
    Rule(
        "BasicBlock",
        "conv1 bn1 relu conv2 bn2 downsample?",
        """
        body = input > conv1 > bn1 > relu > conv2 > bn2
        shortcut = input > downsample
        output = body, shortcut > Add() > relu
        """,
    ),
    Rule(
        "Bottleneck",
        "conv1 bn1 conv2 bn2 conv3 bn3 relu downsample?",
        """
        body = input > conv1 > bn1 > relu > conv2 > bn2 > relu > conv3 > bn3
        shortcut = input > downsample
        output = body, shortcut > Add() > relu
        """,
    ),
    Rule(
        "ResBottleneckBlock",
        "proj? f activation",
        """
        shortcut = input > proj
        body = input > f
        output = shortcut, body > Add() > activation
        """,
    ),
    # MobileNetV2's, MobileNetV3's and MNASNet's.
    Rule(
        "InvertedResidual",
        "conv",
        """
        body = input > conv
        output = body, input > Add() if keeps conv
        """,
    ),
    Rule(
        "InvertedResidual",
        "block",
        """
        body = input > block
        output = body, input > Add() if keeps block
        """,
    ),
    Rule(
        "_InvertedResidual",
        "layers",
        """
        body = input > layers
        output = body, input > Add() if keeps layers
        """,
    ),
    # ShuffleNetV2's: with a stride, both branches see all channels.
    Rule(
        "InvertedResidual",
        "branch1() branch2",
        """
        kept = input > Chunk(number=2, index=0) as kept
        body = input > Chunk(number=2, index=1) as halved > branch2
        output = kept, body > Concat() > ChannelShuffle(groups=2) as shuffle
        """,
    ),
    Rule(
        "InvertedResidual",
        "branch1 branch2",
        """
        first = input > branch1
        second = input > branch2
        output = first, second > Concat() > ChannelShuffle(groups=2) as shuffle
        """,
    ),
    # EfficientNet's.
    Rule(
        "MBConv FusedMBConv",
        "block stochastic_depth",
        """
        body = input > block > stochastic_depth if keeps block
        output = body, input > Add() if keeps block
        """,
    ),
    # MaxViT's, which adds always.
    Rule(
        "MBConv",
        "proj stochastic_depth layers",
        """
        shortcut = input > proj
        body = input > layers > stochastic_depth
        output = shortcut, body > Add()
        """,
    ),
    Rule(
        "Fire",
        "squeeze squeeze_activation expand1x1 expand1x1_activation expand3x3 expand3x3_activation",
        """
        squeezed = input > squeeze > squeeze_activation
        one = squeezed > expand1x1 > expand1x1_activation
        three = squeezed > expand3x3 > expand3x3_activation
        output = one, three > Concat()
        """,
    ),
    Rule(
        "_DenseLayer",
        "norm1 relu1 conv1 norm2 relu2 conv2",
        "output = input > norm1 > relu1 > conv1 > norm2 > relu2 > conv2",
    ),
    Rule("_DenseBlock", "denselayer%", "output = input > dense denselayer%"),
    # GoogLeNet's.
    Rule(
        "Inception",
        "branch1 branch2 branch3 branch4",
        """
        one = input > branch1
        two = input > branch2
        three = input > branch3
        four = input > branch4
        output = one, two, three, four > Concat()
        """,
    ),
    # Inception v3's.
    Rule(
        "InceptionA",
        "branch1x1 branch5x5_1 branch5x5_2 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3 branch_pool",
        """
        one = input > branch1x1
        five = input > branch5x5_1 > branch5x5_2
        three = input > branch3x3dbl_1 > branch3x3dbl_2 > branch3x3dbl_3
        pool = input > AvgPool2d(kernel_size=3, stride=1, padding=1) as avgpool > branch_pool
        output = one, five, three, pool > Concat()
        """,
    ),
    Rule(
        "InceptionB",
        "branch3x3 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3",
        """
        three = input > branch3x3
        double = input > branch3x3dbl_1 > branch3x3dbl_2 > branch3x3dbl_3
        pool = input > MaxPool2d(kernel_size=3, stride=2) as maxpool
        output = three, double, pool > Concat()
        """,
    ),
    Rule(
        "InceptionC",
        "branch1x1 branch7x7_1 branch7x7_2 branch7x7_3 branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 "
        "branch7x7dbl_5 branch_pool",
        """
        one = input > branch1x1
        seven = input > branch7x7_1 > branch7x7_2 > branch7x7_3
        double = input > branch7x7dbl_1 > branch7x7dbl_2 > branch7x7dbl_3 > branch7x7dbl_4 > branch7x7dbl_5
        pool = input > AvgPool2d(kernel_size=3, stride=1, padding=1) as avgpool > branch_pool
        output = one, seven, double, pool > Concat()
        """,
    ),
    Rule(
        "InceptionD",
        "branch3x3_1 branch3x3_2 branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4",
        """
        three = input > branch3x3_1 > branch3x3_2
        seven = input > branch7x7x3_1 > branch7x7x3_2 > branch7x7x3_3 > branch7x7x3_4
        pool = input > MaxPool2d(kernel_size=3, stride=2) as maxpool
        output = three, seven, pool > Concat()
        """,
    ),
    Rule(
        "InceptionE",
        "branch1x1 branch3x3_1 branch3x3_2a branch3x3_2b branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a "
        "branch3x3dbl_3b branch_pool",
        """
        one = input > branch1x1
        three = input > branch3x3_1
        three_a = three > branch3x3_2a
        three_b = three > branch3x3_2b
        double = input > branch3x3dbl_1 > branch3x3dbl_2
        double_a = double > branch3x3dbl_3a
        double_b = double > branch3x3dbl_3b
        pool = input > AvgPool2d(kernel_size=3, stride=1, padding=1) as avgpool > branch_pool
        output = one, three_a, three_b, double_a, double_b, pool > Concat()
        """,
    ),
    # The auxiliary heads of both, for their parameters: they are not called when a network is used.
    Rule("InceptionAux", "conv fc1 fc2 dropout", "idle conv fc1 fc2 dropout"),
    Rule("InceptionAux", "conv0 conv1 fc", "idle conv0 conv1 fc"),
    # ConvNeXt's: its scale of each channel, and the orders of its axes, are not printed.
    Rule(
        "CNBlock",
        "block stochastic_depth",
        """
        block.1 := Permute(dims=(0, 2, 3, 1))
        block.6 := Permute(dims=(0, 3, 1, 2))
        body = input > block > Scale(num_features='@block.0.out_channels') as layer_scale > stochastic_depth
        output = body, input > Add()
        """,
    ),
    # Those of torch itself. Attention prints no more than its last projection: its heads are not known, and its batch
    # is taken to come first. Whether a norm comes first is not printed either, and changes no figure.
    Rule(
        "MultiheadAttention",
        "out_proj",
        ". := MultiheadAttention(embed_dim='@out_proj.in_features', num_heads=None, bias='@out_proj.bias')",
    ),
    *(
        Rule(
            "TransformerEncoderLayer",
            f"self_attn linear1 dropout linear2 norm1 norm2 dropout1 dropout2{child}",
            f"""
            attended = input > self_attn > dropout1
            first = input, attended > Add() > norm1
            body = first > linear1 > {activation} > dropout > linear2 > dropout2
            output = first, body > Add() > norm2
            """,
        )
        for child, activation in (("", "ReLU() as activation"), (" activation", "activation"))
    ),
    Rule("TransformerEncoder", "layers norm?", "output = input > layers.% > norm"),
    # ViT's.
    Rule(
        "EncoderBlock",
        "ln_1 self_attention dropout ln_2 mlp",
        """
        self_attention := MultiheadAttention(embed_dim='@self_attention.out_proj.in_features', \
num_heads='@self_attention.out_proj.in_features -> 768: 12, 1024: 16, 1280: 16', bias='@self_attention.out_proj.bias')
        attended = input > ln_1 > self_attention > dropout
        sum = attended, input > Add()
        body = sum > ln_2 > mlp
        output = sum, body > Add()
        """,
    ),
    Rule(
        "Encoder",
        "dropout layers ln",
        "output = input > PositionEmbedding() as pos_embedding > dropout > layers > ln",
    ),
    # Swin's. A head has 32 features, and a value for each of the 13x13 places that one may stand from another.
    Rule(
        "ShiftedWindowAttention",
        "qkv proj",
        """
        body = input > Windows(size=7) > qkv
        seen = body > Attention(features='@proj.in_features', head_features=32, learned_per_head=169) > proj
        output = seen, input > FromWindows()
        """,
    ),
    # A head has a learned temperature; what places give is computed, from 15x15 pairs of coordinates.
    Rule(
        "ShiftedWindowAttentionV2",
        "qkv proj cpb_mlp",
        """
        places = nothing > Constant(shape=(1, 15, 15, 2)) as relative_coords_table > cpb_mlp > Sigmoid()
        body = input > Windows(size=8) > qkv
        seen = body, places > Attention(features='@proj.in_features', head_features=32, learned_per_head=1) > proj
        output = seen, input > FromWindows()
        """,
    ),
    Rule(
        "SwinTransformerBlock",
        "norm1 attn stochastic_depth norm2 mlp",
        """
        attended = input > norm1 > attn > stochastic_depth
        sum = input, attended > Add()
        body = sum > norm2 > mlp > stochastic_depth
        output = sum, body > Add()
        """,
    ),
    Rule(
        "SwinTransformerBlockV2",
        "norm1 attn stochastic_depth norm2 mlp",
        """
        attended = input > attn > norm1 > stochastic_depth
        sum = input, attended > Add()
        body = sum > mlp > norm2 > stochastic_depth
        output = sum, body > Add()
        """,
    ),
    Rule("PatchMerging", "reduction norm", "output = input > MergePatches() as merge > norm > reduction"),
    Rule("PatchMergingV2", "reduction norm", "output = input > MergePatches() as merge > reduction > norm"),
    # MaxViT's. The windows of its grids have as many pixels as those of its blocks.
    Rule(
        "PartitionAttentionLayer",
        "partition_op departition_op partition_swap departition_swap attn_layer mlp_layer stochastic_dropout",
        """
        cut = input > Windows(size=7, channels_first=True) as partition_op
        attended = cut > attn_layer > stochastic_dropout
        sum = cut, attended > Add()
        body = sum > mlp_layer > stochastic_dropout
        all = sum, body > Add()
        output = all, input > FromWindows() as departition_op
        """,
    ),
    Rule(
        "RelativePositionalMultiHeadAttention",
        "to_qkv merge",
        """
        output = input > to_qkv > \
Attention(features='@merge.in_features', head_features=32, learned_per_head=169) > merge
        """,
    ),
    Rule("MaxVitLayer", "layers", "output = input > layers"),
    Rule("MaxVitBlock", "layers", "output = input > layers.%"),
)
