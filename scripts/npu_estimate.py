"""The latency estimate of src/targets/sim/estimate.cc, in Python, for fitting. docs/npu_targets.md holds the formulas.

A network is a list of rows (config/targets/published/networks.json); operands are indices of earlier rows, or [index, bytes] for a
part of one, index -1 for what comes from outside:
    ["conv", groups, cin, cout, kernel height, kernel width, pixels, activation, operands, bytes?]
    ["matmul", cin, cout, pixels, operands, bytes?]
    ["join", operands, bytes]      element-wise sum or product of two activations
    ["vector", operands, bytes]    pooling, resizing, other element-wise work
    ["move", operands, bytes]      concatenation and the like: where a producer writes decides
`pixels` are output positions (input positions of a transposed convolution); without bytes a row makes pixels * cout of them.
"""
from dataclasses import dataclass, field


@dataclass
class Layer:
    kind: str
    operands: list
    bytes: int
    groups: int = 1
    cin: int = 0
    cout: int = 0
    kernel: tuple = (1, 1)
    pixels: int = 0
    weights: int = 0
    activation: str = ""


@dataclass
class Rules:
    """What a profile fixes before anything is fitted."""
    channels_in: int
    channels_out: int
    scratch_bytes: int
    peak_macs: float
    latency_us: float
    run_us: float
    per_level: bool
    fold: bool
    fuse: bool
    lookup: frozenset


@dataclass
class Work:
    """A network under some rules: what each layer asks of each engine, before any rate is known."""
    macs: list = field(default_factory=list)
    depthwise: list = field(default_factory=list)
    vector: list = field(default_factory=list)
    crossing: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    overhead: list = field(default_factory=list)


def layers_of(rows):
    layers = []
    for row in rows:
        kind = row[0]
        if kind == "conv":
            groups, cin, cout, height, width, pixels, activation, operands = row[1:9]
            made = row[9] if len(row) > 9 else pixels * cout
            weights = cin * cout // groups * height * width + 4 * cout
            kind = "depthwise" if groups > 1 and groups == cin == cout else "conv"
            layer = Layer(kind, operands, made, groups, cin, cout, (height, width), pixels, weights, activation)
        elif kind == "matmul":
            made = row[5] if len(row) > 5 else row[3] * row[2]
            layer = Layer("conv", row[4], made, 1, row[1], row[2], (1, 1), row[3])
        else:
            layer = Layer(kind, row[1], row[2])
        layer.operands = [(x, layers[x].bytes) if isinstance(x, int) else tuple(x) for x in layer.operands]
        layers.append(layer)
    return layers


def up(value, multiple):
    return -(-value // multiple) * multiple


def padded_macs(layer, rules):
    height, width = layer.kernel
    cin, cout = layer.cin // layer.groups, layer.cout // layer.groups
    if rules.fold and cin < rules.channels_in:
        depth = up(cin * width, rules.channels_in) * height
    else:
        depth = up(cin, rules.channels_in) * height * width
    return layer.groups * depth * up(cout, rules.channels_out) * layer.pixels


def residency(layers, scratch):
    """For each layer, whether its result stays in scratch: it and all that read it fit there with their operands."""
    fits = [sum(b for _, b in l.operands) + l.bytes <= scratch for l in layers]
    stays, read = list(fits), [False] * len(layers)
    for index, layer in enumerate(layers):
        for producer, _ in layer.operands:
            if producer >= 0:
                read[producer] = True
                stays[producer] = stays[producer] and fits[index]
    return [s and r for s, r in zip(stays, read)]


def work_of(layers, rules):
    work, stays = Work(), residency(layers, rules.scratch_bytes)
    levels, charged = [], set()
    for index, layer in enumerate(layers):
        fused = layer.kind == "join" and rules.fuse and any(
            p >= 0 and layers[p].kind in ("conv", "depthwise") for p, _ in layer.operands)
        free = fused or layer.kind == "move"
        level = max([levels[p] for p, _ in layer.operands if p >= 0], default=0) + (not free)
        levels.append(level)
        charge = not free and not (rules.per_level and level in charged)
        if charge:
            charged.add(level)
        operands = sum(b for _, b in layer.operands)
        vector = operands + layer.bytes if layer.kind in ("vector", "join") and not fused else 0
        if layer.activation in rules.lookup:
            vector += 2 * layer.bytes
        crossing = sum(b for p, b in layer.operands if p < 0 or not stays[p]) + (0 if stays[index] else layer.bytes)
        work.macs.append(padded_macs(layer, rules) if layer.kind == "conv" else 0)
        work.depthwise.append(up(layer.cout, rules.channels_out) * layer.kernel[0] * layer.kernel[1] * layer.pixels
                              if layer.kind == "depthwise" else 0)
        work.vector.append(vector)
        work.crossing.append(0 if layer.kind == "move" else crossing)
        work.weights.append(layer.weights)
        work.overhead.append(1 if charge else 0)
    return work


def milliseconds(work, rules, efficiency, dma_gb, layer_us, depthwise_gmac, vector_gb):
    """The whole network. Weights of later layers are loaded while DMA would be idle, at most half the scratch memory ahead."""
    rate, dw, vec, bandwidth = rules.peak_macs * efficiency, depthwise_gmac * 1e9, vector_gb * 1e9, dma_gb * 1e9
    latency, overhead, room = rules.latency_us * 1e-6, layer_us * 1e-6, rules.scratch_bytes / 2
    missing, count = [float(w) for w in work.weights], len(work.weights)
    total, ahead = 0.0, 0.0
    for i in range(count):
        compute = work.macs[i] / rate + work.depthwise[i] / dw + work.vector[i] / vec + work.overhead[i] * overhead
        own = work.crossing[i] + missing[i]
        transfer = own / bandwidth + latency if own > 0 else 0.0
        time = max(compute, transfer)
        total += time
        ahead -= work.weights[i] - missing[i]
        left = (time - transfer) * bandwidth
        for j in range(i + 1, count):
            take = min(left, missing[j], room - ahead)
            if take > 0:
                missing[j] -= take
                ahead += take
                left -= take
            if missing[j] > 0:
                break
    return 1e3 * (total + rules.run_us * 1e-6)
